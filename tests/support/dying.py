"""Clients at work on a server that is killed under them."""

import threading
import traceback

from botocore.exceptions import BotoCoreError, ClientError

# What a client may see of a server that goes down.
DOWN = (BotoCoreError, OSError, ConnectionError)


def until_it_dies(work, failures):
    """A thread that works until the server is gone; any other end of it is added to `failures`."""

    def run():
        try:
            work()
        except DOWN:
            pass
        except ClientError as error:
            # A server that is going down may say so, and nothing else.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                failures.append(traceback.format_exc())
        except Exception:  # noqa: BLE001
            failures.append(traceback.format_exc())

    return threading.Thread(target=run)
