"""How tests wait, and how they say what a refusal must look like."""

import contextlib
import re
import time

import pytest
from botocore.exceptions import ClientError


@contextlib.contextmanager
def refused(code, message=None, status=None):
    """The call inside must be refused with this code (or one of these), and with this message (text, or a pattern) and HTTP
    status if given."""
    with pytest.raises(ClientError) as caught:
        yield caught
    answer = caught.value.response
    error = answer["Error"]
    assert error["Code"] in ((code,) if isinstance(code, str) else code), error
    if isinstance(message, re.Pattern):
        assert message.search(error["Message"]), error
    elif message is not None:
        assert error["Message"] == message, error
    if status is not None:
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status, answer
    assert answer["ResponseMetadata"].get("RequestId"), "every refusal has a request id"


def until(what, seconds=20, every=0.05):
    """Asks `what` again and again until it says something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true in {seconds} s; last answer: {answer!r}")
        time.sleep(every)


def stays(what, seconds=0.5, every=0.05):
    """`what` must be true now and at every look for a while."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert what()
        time.sleep(every)
