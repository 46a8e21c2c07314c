#!/usr/bin/env python3
"""What it costs to ask who may: KMS calls of a person with policies, and calls among very many keys and grants.

    apt-get install wrk
    .work/venv/bin/python bench/kms.py [--seconds 1] [--keys 100000] [--grants 50000] [--json FILE]

Three parts. Rates: Encrypt, Decrypt and GenerateDataKeyWithoutPlaintext by an IAM user (key policy, identity policy of ten statements) with
1, 8 and 64 clients. Policies: the server's CPU per call with one statement, with 100, and for the account's root. Growth: CPU per call beside few
and beside --keys keys, and on a key with few and with --grants grants; a figure near 1 means that their number does not count. Client and
server share the machine; the load is one signed request replayed by wrk.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))

from api import CLIENTS, drive  # noqa: E402
from support.people import Person, statement  # noqa: E402
from support.server import Server  # noqa: E402
from support.sign import json_request  # noqa: E402

import base64  # noqa: E402


class As:
    """A server as somebody else's credentials see it, for `json_request`."""

    def __init__(self, server, key):
        self.url, self.port, self.process = server.url, server.port, server.process
        self._key = key

    def keys(self, account=None):
        return self._key["AccessKeyId"], self._key["SecretAccessKey"]


def signed(who, operation, body):
    return json_request(who, "kms", f"TrentService.{operation}", body).sign()


def calls(who, kms, key):
    blob = base64.b64encode(kms.encrypt(KeyId=key, Plaintext=b"x" * 32)["CiphertextBlob"]).decode()
    return {
        "Encrypt": signed(who, "Encrypt", {"KeyId": key, "Plaintext": "eA=="}),
        "Decrypt": signed(who, "Decrypt", {"CiphertextBlob": blob}),
        "GenerateDataKeyWithoutPlaintext": signed(who, "GenerateDataKeyWithoutPlaintext", {"KeyId": key, "NumberOfBytes": 64}),
    }


def many_statements(count):
    """Statements that do not fit the call, and one at the end that does."""
    others = [
        statement("kms:Encrypt", f"arn:aws:kms:us-east-1:000000000000:key/{n:08d}-*", Condition={"StringEquals": {"aws:PrincipalTag/t": str(n)}})
        for n in range(count - 1)
    ]
    return [*others, statement("kms:*")]


def with_statements(server, count):
    """A person whose managed policies have so many statements together (one policy holds 6,144 characters at most)."""
    person = Person(server)
    iam = server.client("iam")
    statements = many_statements(count)
    for n in range(0, count, 25):
        document = json.dumps({"Version": "2012-10-17", "Statement": statements[n : n + 25]}, separators=(",", ":"))
        name = f"many-{count}-{n}"
        arn = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
        iam.attach_user_policy(UserName=person.name, PolicyArn=arn)
    return As(server, person.key)


def show(row):
    print(
        f"{row['what']:58} {row['clients']:3} clients {row['per_second']:8.0f}/s  median {row['median_ms']:7.2f} ms  p99 {row['p99_ms']:7.2f} ms"
        f"  server CPU {row['server_cpu_us']:6.0f} us/call",
        flush=True,
    )
    return row


def measure(server, what, request, clients, seconds, folder):
    drive(server, request, clients, 1, folder)
    return show({"what": what, "clients": clients} | drive(server, request, clients, seconds, folder))


def flood(server, request, wanted, folder):
    """Replays a creating request, a second at a time, until another second would make more than wanted; answers how many it made."""
    made = last = 0
    while made + last < wanted:
        last = int(drive(server, request, 64, 1, folder)["per_second"])
        made += last
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--grants", type=int, default=50_000)
    parser.add_argument("--json")
    chosen = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: apt-get install wrk")
    rows = []
    with tempfile.TemporaryDirectory() as place:
        root = pathlib.Path(place)
        (root / "sealvol").mkdir()
        server = Server(root / "sealvol").start()
        try:
            kms = server.client("kms")
            key = kms.create_key()["KeyMetadata"]["Arn"]
            ten = with_statements(server, 10)
            for name, request in calls(ten, kms, key).items():
                for clients in CLIENTS:
                    rows.append(measure(server, name, request, clients, chosen.seconds, root))
            for what, who in (
                ("Encrypt by the root", server),
                ("Encrypt by a user, 1 statement", with_statements(server, 1)),
                ("Encrypt by a user, 100 statements", with_statements(server, 100)),
            ):
                rows.append(measure(server, what, calls(who, kms, key)["Encrypt"], 8, chosen.seconds, root))
            rows += growth(server, kms, chosen, root)
        finally:
            server.stop()
    if chosen.json:
        pathlib.Path(chosen.json).write_text(json.dumps(rows, indent=1))


def growth(server, kms, chosen, root):
    """The same calls before and after; prints the ratio of the server's CPU per call."""
    rows = []
    key = kms.create_key()["KeyMetadata"]["Arn"]
    person = Person(server)
    kms.create_grant(KeyId=key, GranteePrincipal=person.arn, Operations=["Encrypt"])
    other = "arn:aws:iam::000000000000:root"
    new_grant = signed(server, "CreateGrant", {"KeyId": key, "GranteePrincipal": other, "Operations": ["Decrypt"]})
    asked = {
        "Encrypt under a grant": signed(As(server, person.key), "Encrypt", {"KeyId": key, "Plaintext": "eA=="}),
        "DescribeKey": signed(server, "DescribeKey", {"KeyId": key}),
        "ListKeys, a page of 100": signed(server, "ListKeys", {"Limit": 100}),
        "ListGrants, a page of 50": signed(server, "ListGrants", {"KeyId": key, "Limit": 50}),
        "CreateGrant": new_grant,
        "CreateKey": signed(server, "CreateKey", {}),
    }
    # Full pages also beside few.
    grants = flood(server, new_grant, 200, root)
    flood(server, asked["CreateKey"], 200, root)

    def all_calls(where):
        return {n: measure(server, f"{n} {where}", r, 8, chosen.seconds, root) for n, r in asked.items()}

    few = all_calls("beside few")
    keys = flood(server, asked["CreateKey"], chosen.keys, root)
    # A key takes 50,000 grants: what measuring CreateGrant makes, before and after, counts.
    measured = int(few["CreateGrant"]["per_second"] * (chosen.seconds + 1))
    grants += measured + flood(server, new_grant, chosen.grants - grants - 3 * measured, root)
    many = all_calls("beside many")
    rows += [*few.values(), *many.values()]
    print(f"beside about {keys} more keys and {grants} grants, CPU per call:")
    for name in asked:
        ratio = many[name]["server_cpu_us"] / few[name]["server_cpu_us"]
        print(f"  {name:30} many / few  {ratio:5.2f}")
    return rows


if __name__ == "__main__":
    main()
