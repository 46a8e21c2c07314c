"""Whatever a client hands back to the server is checked: ciphertext blobs, grant tokens, session tokens, encoded messages, import
tokens, pagination markers. 1,000 random changes of each, and each is refused with the documented exception. The seed is printed;
SEALVOL_SEED repeats a run."""

import os
import random

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from support.ec2 import ZONE
from support.people import Person, role, statement

CHANGES = 1000
# Thousands of calls in one test.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def dice():
    seed = int(os.environ.get("SEALVOL_SEED") or random.SystemRandom().getrandbits(32))
    print(f"SEALVOL_SEED={seed}")
    return random.Random(seed)


def changed(dice, data):
    """Another byte string: bits flipped, cut, doubled, swapped, extended, or something else altogether."""
    while True:
        kind = dice.randrange(7)
        at = dice.randrange(len(data))
        other = bytearray(data)
        if kind <= 2:
            other[at] ^= 1 << dice.randrange(8)
        elif kind == 3:
            other = other[:at]
        elif kind == 4:
            other = other + dice.randbytes(dice.randrange(1, 40))
        elif kind == 5:
            to = dice.randrange(len(data))
            other[at], other[to] = other[to], other[at]
        else:
            other = bytearray(dice.randbytes(dice.randrange(1, 2 * len(data))))
        if bytes(other) != data and other:
            return bytes(other)


def changed_text(dice, text, alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_"):
    while True:
        kind, at = dice.randrange(4), dice.randrange(len(text))
        if kind == 0:
            other = text[:at] + dice.choice(alphabet) + text[at + 1 :]
        elif kind == 1:
            other = text[:at]
        elif kind == 2:
            other = text + "".join(dice.choices(alphabet, k=dice.randrange(1, 20)))
        else:
            other = "".join(dice.choices(alphabet, k=dice.randrange(1, 2 * len(text))))
        if other and other != text:
            return other


def code(call):
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def test_changed_ciphertexts_do_not_open(kms, dice):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    context = {"a": "b"}
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext=context)["CiphertextBlob"]
    for _ in range(CHANGES):
        wrong = changed(dice, blob)
        got = code(lambda wrong=wrong: kms.decrypt(CiphertextBlob=wrong, EncryptionContext=context))
        # A changed key id names a key that is not the caller's to use.
        assert got in ("InvalidCiphertextException", "ValidationException", "AccessDeniedException"), (wrong.hex(), got)
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"secret"


def test_changed_grant_tokens_grant_nothing(server, kms, dice):
    key = kms.create_key()["KeyMetadata"]["Arn"]
    person = Person(server)
    grant = kms.create_grant(KeyId=key, GranteePrincipal=person.arn, Operations=["Encrypt", "RetireGrant"])
    theirs = person.client("kms")
    for _ in range(CHANGES):
        wrong = changed_text(dice, grant["GrantToken"])
        got = code(lambda wrong=wrong: theirs.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[wrong]))
        assert got == "InvalidGrantTokenException", (wrong, got)
        got = code(lambda wrong=wrong: theirs.retire_grant(GrantToken=wrong))
        assert got == "InvalidGrantTokenException", (wrong, got)
    theirs.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[grant["GrantToken"]])


def test_changed_session_tokens_open_no_session(server, dice):
    caller = Person(server, statement("sts:AssumeRole"))
    arn = role(server, caller.arn, statement("ec2:*"))
    given = caller.client("sts").assume_role(RoleArn=arn, RoleSessionName="somebody")["Credentials"]

    def with_token(token):
        session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], token, "us-east-1")
        return session.client("ec2", endpoint_url=server.url, config=CONFIG)

    with_token(given["SessionToken"]).describe_volumes()
    assert code(lambda: with_token(None).describe_volumes()) == "AuthFailure"
    client = with_token(given["SessionToken"])
    credentials = client._request_signer._credentials
    for _ in range(CHANGES):
        credentials.token = changed_text(dice, given["SessionToken"])
        assert code(client.describe_volumes) == "AuthFailure", credentials.token
    credentials.token = given["SessionToken"]
    client.describe_volumes()


def test_changed_messages_are_not_decoded(server, dice):
    nobody = Person(server)
    try:
        nobody.client("ec2").create_volume(AvailabilityZone=ZONE, Size=1)
        raise AssertionError("a person without permissions made a volume")
    except ClientError as error:
        text = error.response["Error"]["Message"]
    blob = text.split("Encoded authorization failure message: ")[1].strip()
    sts = server.client("sts")
    assert sts.decode_authorization_message(EncodedMessage=blob)["DecodedMessage"].startswith("{")
    for _ in range(CHANGES):
        wrong = changed_text(dice, blob)
        got = code(lambda wrong=wrong: sts.decode_authorization_message(EncodedMessage=wrong))
        assert got == "InvalidAuthorizationMessageException", (wrong, got)
    other = server.client("sts", "777777777777")
    assert code(lambda: other.decode_authorization_message(EncodedMessage=blob)) == "InvalidAuthorizationMessageException"


def test_changed_import_tokens_import_nothing(kms, dice):
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    given = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    for _ in range(CHANGES):
        wrong = changed(dice, given["ImportToken"])
        got = code(
            lambda wrong=wrong: kms.import_key_material(
                KeyId=key,
                ImportToken=wrong,
                EncryptedKeyMaterial=b"x" * 256,
                ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
            )
        )
        assert got in ("InvalidImportTokenException", "ValidationException"), (wrong.hex(), got)


def test_changed_markers_are_no_pages(server, dice):
    kms = server.client("kms", "888888888888")
    for _ in range(3):
        kms.create_key()
    marker = kms.list_keys(Limit=1)["NextMarker"]
    for _ in range(CHANGES // 5):
        wrong = changed_text(dice, marker)
        assert code(lambda wrong=wrong: kms.list_keys(Limit=1, Marker=wrong)) == "InvalidMarkerException", wrong
    iam = server.client("iam", "888888888888")
    for n in range(3):
        iam.create_user(UserName=f"m{n}")
    marker = iam.list_users(MaxItems=1)["Marker"]
    for _ in range(CHANGES // 5):
        wrong = changed_text(dice, marker)
        assert code(lambda wrong=wrong: iam.list_users(MaxItems=1, Marker=wrong)) == "ValidationError", wrong


CONFIG = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
