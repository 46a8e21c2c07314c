"""KMS as its users see it: every action, every form of a key's name, and AWS's words for every refusal."""

import base64
import re
import time
import uuid

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from support.checks import refused
from support.people import role

pytestmark = pytest.mark.catalog

ACCOUNT = "000000000000"
REGION = "us-east-1"
HEX64 = re.compile(r"^[0-9a-f]{64}$")
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$")
NO_MESSAGE = ""


def arn(key_id, region=REGION, account=ACCOUNT):
    return f"arn:aws:kms:{region}:{account}:key/{key_id}"


def create(kms, **request):
    return kms.create_key(**request)["KeyMetadata"]["KeyId"]


def alias():
    return f"alias/t-{uuid.uuid4().hex}"


@pytest.fixture(scope="module")
def key(kms):
    return create(kms)


@pytest.fixture(scope="module")
def rsa(kms):
    return create(kms, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")


@pytest.fixture(scope="module")
def signer(kms):
    return create(kms, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")


@pytest.fixture(scope="module")
def hmac(kms):
    return create(kms, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")


@pytest.fixture(scope="module")
def disabled(kms):
    key = create(kms)
    kms.disable_key(KeyId=key)
    return key


@pytest.fixture(scope="module")
def doomed(kms):
    key = create(kms)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    return key


@pytest.fixture(scope="module")
def empty(kms):
    """A key that waits for its material."""
    return create(kms, Origin="EXTERNAL")


# --- CreateKey, DescribeKey


def test_a_new_symmetric_key_has_aws_metadata(kms):
    before = time.time()
    made = kms.create_key(Description="for a test", Tags=[{"TagKey": "team", "TagValue": "storage"}])["KeyMetadata"]
    assert UUID.match(made["KeyId"])
    assert made["Arn"] == arn(made["KeyId"])
    assert made["AWSAccountId"] == ACCOUNT
    assert made["Enabled"] is True and made["KeyState"] == "Enabled"
    assert made["KeyUsage"] == "ENCRYPT_DECRYPT"
    assert made["KeySpec"] == made["CustomerMasterKeySpec"] == "SYMMETRIC_DEFAULT"
    assert made["EncryptionAlgorithms"] == ["SYMMETRIC_DEFAULT"]
    assert made["KeyManager"] == "CUSTOMER" and made["Origin"] == "AWS_KMS" and made["MultiRegion"] is False
    assert made["Description"] == "for a test"
    assert HEX64.match(made["CurrentKeyMaterialId"])
    assert before - 2 <= made["CreationDate"].timestamp() <= time.time() + 2
    for absent in ("DeletionDate", "ValidTo", "ExpirationModel", "SigningAlgorithms", "MacAlgorithms"):
        assert absent not in made
    assert kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"] == made
    tags = kms.list_resource_tags(KeyId=made["KeyId"])["Tags"]
    assert tags == [{"TagKey": "team", "TagValue": "storage"}]


def test_a_key_without_description_has_an_empty_one(kms, key):
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == ""


@pytest.mark.parametrize(
    "spec, usage, algorithms",
    [
        ("RSA_2048", "ENCRYPT_DECRYPT", "EncryptionAlgorithms"),
        ("RSA_2048", "SIGN_VERIFY", "SigningAlgorithms"),
        ("ECC_NIST_P256", "SIGN_VERIFY", "SigningAlgorithms"),
        ("HMAC_256", "GENERATE_VERIFY_MAC", "MacAlgorithms"),
    ],
)
def test_other_specs_make_real_keys(kms, spec, usage, algorithms):
    made = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    assert (made["KeySpec"], made["CustomerMasterKeySpec"], made["KeyUsage"]) == (spec, spec, usage)
    assert made[algorithms]
    others = {"EncryptionAlgorithms", "SigningAlgorithms", "MacAlgorithms"} - {algorithms}
    assert not others & made.keys()


def test_the_old_name_of_the_spec_still_works(kms):
    made = kms.create_key(CustomerMasterKeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    assert made["KeySpec"] == "RSA_2048"


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256", "HMAC_256"])
def test_a_spec_without_usage_is_refused(kms, spec):
    message = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
    with refused("ValidationException", message, 400):
        kms.create_key(KeySpec=spec)


@pytest.mark.parametrize(
    "request_",
    [
        {"KeySpec": "AES_9000"},
        {"KeySpec": "HMAC_256", "KeyUsage": "ENCRYPT_DECRYPT"},
        {"KeySpec": "ECC_NIST_P256", "KeyUsage": "ENCRYPT_DECRYPT"},
        {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "SIGN_VERIFY"},
        {"KeyUsage": "OPEN_DOORS"},
        {"Origin": "MOON"},
        {"Description": "x" * 8193},
    ],
)
def test_nonsense_in_create_key_is_refused(kms, request_):
    with refused("ValidationException", status=400):
        kms.create_key(**request_)


def test_bad_tags_are_refused(kms, key):
    with refused("TagException"):
        kms.create_key(Tags=[{"TagKey": "aws:mine", "TagValue": "x"}])
    with refused("TagException"):
        kms.tag_resource(KeyId=key, Tags=[{"TagKey": "aws:mine", "TagValue": "x"}])
    with refused("ValidationException"):
        kms.tag_resource(KeyId=key, Tags=[{"TagKey": "k" * 129, "TagValue": "x"}])
    with refused("ValidationException"):
        kms.tag_resource(KeyId=key, Tags=[{"TagKey": "k", "TagValue": "x" * 257}])


# --- names of keys


def test_every_form_of_a_name_finds_the_key(kms, key):
    name = alias()
    kms.create_alias(AliasName=name, TargetKeyId=key)
    for form in (key, arn(key), name, f"arn:aws:kms:{REGION}:{ACCOUNT}:{name}"):
        assert kms.describe_key(KeyId=form)["KeyMetadata"]["KeyId"] == key
        made = kms.generate_data_key(KeyId=form, KeySpec="AES_256")
        assert made["KeyId"] == arn(key), "answers of cryptographic operations carry the key ARN"


MANAGEMENT = [
    ("enable_key", {}),
    ("disable_key", {}),
    ("schedule_key_deletion", {}),
    ("update_key_description", {"Description": "x"}),
    ("list_grants", {}),
    ("create_grant", {"GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:root", "Operations": ["Decrypt"]}),
    ("get_key_policy", {"PolicyName": "default"}),
    ("list_resource_tags", {}),
]


@pytest.mark.parametrize("operation, request_", MANAGEMENT)
def test_management_takes_no_alias(kms, key, operation, request_):
    name = alias()
    kms.create_alias(AliasName=name, TargetKeyId=key)
    with refused("NotFoundException", f"Invalid keyId '{name}'"):
        getattr(kms, operation)(KeyId=name, **request_)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"]


ANY_NAME = [
    ("describe_key", {}),
    ("encrypt", {"Plaintext": b"x"}),
    ("generate_data_key", {"KeySpec": "AES_256"}),
    ("generate_data_key_without_plaintext", {"KeySpec": "AES_256"}),
    ("get_public_key", {}),
]


@pytest.mark.parametrize("operation, request_", ANY_NAME + MANAGEMENT)
def test_unknown_keys_are_named_by_their_arn(kms, operation, request_):
    missing = str(uuid.uuid4())
    for form in (missing, arn(missing)):
        with refused("NotFoundException", f"Key '{arn(missing)}' does not exist", 400):
            getattr(kms, operation)(KeyId=form, **request_)


@pytest.mark.parametrize("operation, request_", ANY_NAME)
def test_names_that_are_no_names_are_refused(kms, key, operation, request_):
    call = getattr(kms, operation)
    with refused("NotFoundException", "Invalid keyId 'not-a-key'"):
        call(KeyId="not-a-key", **request_)
    with refused("NotFoundException", "Invalid arn eu-west-1"):
        call(KeyId=arn(key, region="eu-west-1"), **request_)
    with refused("NotFoundException", f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/nobody is not found."):
        call(KeyId="alias/nobody", **request_)
    with refused("NotFoundException", f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/nobody is not found."):
        call(KeyId=f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/nobody", **request_)
    with refused("ValidationException"):
        call(KeyId="k" * 2049, **request_)


def test_a_key_lives_in_its_region_only(server, key):
    elsewhere = server.client("kms", region="eu-west-1")
    with refused("NotFoundException", f"Key '{arn(key, region='eu-west-1')}' does not exist"):
        elsewhere.describe_key(KeyId=key)


# --- lists


def test_list_keys_pages_through_all_keys_once(kms):
    made = {create(kms) for _ in range(4)}
    seen, request_ = [], {"Limit": 2}
    while True:
        page = kms.list_keys(**request_)
        assert len(page["Keys"]) <= 2
        seen += page["Keys"]
        if not page["Truncated"]:
            assert "NextMarker" not in page
            break
        request_["Marker"] = page["NextMarker"]
    ids = [k["KeyId"] for k in seen]
    assert len(ids) == len(set(ids)) and made <= set(ids)
    assert all(k["KeyArn"] == arn(k["KeyId"]) for k in seen)
    every = kms.list_keys()
    assert every["Truncated"] is False and {k["KeyId"] for k in every["Keys"]} == set(ids)


def test_bad_markers_and_limits_are_refused(kms):
    for bad in ("garbage", base64.b64encode(b"x" * 40).decode()):
        with refused("InvalidMarkerException"):
            kms.list_keys(Marker=bad)
        with refused("InvalidMarkerException"):
            kms.list_aliases(Marker=bad)
    for limit in (0, 1001):
        with refused("ValidationException"):
            kms.list_keys(Limit=limit)


def test_a_marker_of_one_list_is_no_marker_of_another(kms, key):
    for _ in range(2):
        create(kms)
    marker = kms.list_keys(Limit=1)["NextMarker"]
    with refused("InvalidMarkerException"):
        kms.list_aliases(Marker=marker)


# --- aliases


def test_an_alias_points_where_it_is_told(kms):
    first, second, name = create(kms), create(kms), alias()
    kms.create_alias(AliasName=name, TargetKeyId=first)
    mine = [a for a in kms.list_aliases(KeyId=first)["Aliases"] if a["AliasName"] == name]
    assert len(mine) == 1
    assert mine[0]["AliasArn"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:{name}" and mine[0]["TargetKeyId"] == first
    kms.update_alias(AliasName=name, TargetKeyId=second)
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == second
    kms.delete_alias(AliasName=name)
    with refused("NotFoundException", f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:{name} is not found."):
        kms.describe_key(KeyId=name)


def test_aliases_have_rules(kms, key, doomed):
    name = alias()
    kms.create_alias(AliasName=name, TargetKeyId=key)
    with refused("AlreadyExistsException", f"An alias with the name arn:aws:kms:{REGION}:{ACCOUNT}:{name} already exists"):
        kms.create_alias(AliasName=name, TargetKeyId=key)
    with refused("ValidationException"):
        kms.create_alias(AliasName="no-prefix", TargetKeyId=key)
    with refused("ValidationException"):
        kms.create_alias(AliasName="alias/with blank", TargetKeyId=key)
    with refused("NotAuthorizedException"):
        kms.create_alias(AliasName="alias/aws/mine", TargetKeyId=key)
    missing = str(uuid.uuid4())
    with refused("NotFoundException", f"Key '{arn(missing)}' does not exist"):
        kms.create_alias(AliasName=alias(), TargetKeyId=missing)
    with refused("KMSInvalidStateException", f"{arn(doomed)} is pending deletion."):
        kms.create_alias(AliasName=alias(), TargetKeyId=doomed)
    with refused("KMSInvalidStateException", f"{arn(doomed)} is pending deletion."):
        kms.update_alias(AliasName=name, TargetKeyId=doomed)
    with refused("NotFoundException"):
        kms.update_alias(AliasName=alias(), TargetKeyId=key)
    with refused("NotFoundException"):
        kms.delete_alias(AliasName=alias())


def test_an_alias_cannot_move_to_a_key_of_another_kind(kms, key, rsa):
    name = alias()
    kms.create_alias(AliasName=name, TargetKeyId=key)
    with refused("ValidationException"):
        kms.update_alias(AliasName=name, TargetKeyId=rsa)


def test_the_aws_managed_key_appears_on_first_asking_and_once(server):
    kms = server.client("kms", region="eu-central-1")
    first = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]
    assert first["KeyManager"] == "AWS" and first["KeyState"] == "Enabled"
    assert kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"] == first
    aliases = [a for a in kms.list_aliases()["Aliases"] if a["AliasName"] == "alias/aws/ebs"]
    assert [a["TargetKeyId"] for a in aliases] == [first["KeyId"]]
    assert server.client("kms", region="eu-west-3").describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"] != first["Arn"]


def test_the_aws_managed_key_is_not_ours_to_change(kms):
    managed = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["KeyId"]
    for change in (
        lambda: kms.disable_key(KeyId=managed),
        lambda: kms.schedule_key_deletion(KeyId=managed),
        lambda: kms.update_key_description(KeyId=managed, Description="mine"),
        lambda: kms.delete_alias(AliasName="alias/aws/ebs"),
    ):
        with pytest.raises(kms.exceptions.ClientError) as caught:
            change()
        code = caught.value.response["Error"]["Code"]
        assert code in ("AccessDeniedException", "NotAuthorizedException", "UnsupportedOperationException"), code
    assert kms.describe_key(KeyId=managed)["KeyMetadata"]["KeyState"] == "Enabled"


# --- states


def test_disable_and_enable(kms):
    key = create(kms)
    kms.disable_key(KeyId=key)
    kms.disable_key(KeyId=arn(key))
    shown = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert shown["KeyState"] == "Disabled" and shown["Enabled"] is False
    kms.enable_key(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"] is True


def test_deletion_is_scheduled_and_cancelled(kms):
    key = create(kms)
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert answer["KeyId"] == arn(key) and answer["KeyState"] == "PendingDeletion"
    assert answer["PendingWindowInDays"] == 7
    assert 6.9 < (answer["DeletionDate"].timestamp() - time.time()) / 86400 < 7.1
    shown = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert shown["KeyState"] == "PendingDeletion" and shown["Enabled"] is False and shown["DeletionDate"]
    with refused("KMSInvalidStateException", f"{arn(key)} is pending deletion."):
        kms.schedule_key_deletion(KeyId=key)
    assert kms.cancel_key_deletion(KeyId=key)["KeyId"] == arn(key)
    shown = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert shown["KeyState"] == "Disabled", "cancelling never enables"
    assert "DeletionDate" not in shown
    with refused("KMSInvalidStateException", f"{arn(key)} is not pending deletion (or pending replica deletion)."):
        kms.cancel_key_deletion(KeyId=key)


@pytest.mark.parametrize("days", [0, 6, 31, 366])
def test_a_pending_window_is_7_to_30_days(kms, days):
    key = create(kms)
    with refused("ValidationException"):
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=days)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def test_the_window_is_30_days_if_nothing_is_said(kms):
    answer = kms.schedule_key_deletion(KeyId=create(kms))
    assert answer["PendingWindowInDays"] == 30


USES = [
    ("encrypt", lambda key: {"KeyId": key, "Plaintext": b"x"}),
    ("generate_data_key", lambda key: {"KeyId": key, "KeySpec": "AES_256"}),
    ("generate_data_key_without_plaintext", lambda key: {"KeyId": key, "NumberOfBytes": 64}),
    (
        "create_grant",
        lambda key: {"KeyId": key, "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:root", "Operations": ["Decrypt"]},
    ),
]


@pytest.mark.parametrize("operation, request_", USES)
def test_a_key_in_a_bad_state_is_not_used(kms, disabled, doomed, empty, operation, request_):
    call = getattr(kms, operation)
    with refused("DisabledException", f"{arn(disabled)} is disabled.", 400):
        call(**request_(disabled))
    with refused("KMSInvalidStateException", f"{arn(doomed)} is pending deletion.", 400):
        call(**request_(doomed))
    with refused("KMSInvalidStateException", f"{arn(empty)} is pending import.", 400):
        call(**request_(empty))


def test_decrypt_and_re_encrypt_look_at_the_state_too(kms):
    key, other = create(kms), create(kms)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    with refused("DisabledException", f"{arn(key)} is disabled."):
        kms.decrypt(CiphertextBlob=blob)
    with refused("DisabledException", f"{arn(key)} is disabled."):
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    kms.schedule_key_deletion(KeyId=other)
    with refused("KMSInvalidStateException", f"{arn(other)} is pending deletion."):
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)


def test_a_key_without_material_says_so(kms, empty):
    shown = kms.describe_key(KeyId=empty)["KeyMetadata"]
    assert shown["KeyState"] == "PendingImport" and shown["Origin"] == "EXTERNAL" and shown["Enabled"] is False
    assert "CurrentKeyMaterialId" not in shown
    for call in (kms.enable_key, kms.disable_key):
        with refused("KMSInvalidStateException", f"{arn(empty)} is pending import."):
            call(KeyId=empty)


def test_a_doomed_key_can_only_be_looked_at(kms, doomed):
    pending = f"{arn(doomed)} is pending deletion."
    for call in (
        lambda: kms.enable_key(KeyId=doomed),
        lambda: kms.disable_key(KeyId=doomed),
        lambda: kms.update_key_description(KeyId=doomed, Description="x"),
        lambda: kms.tag_resource(KeyId=doomed, Tags=[{"TagKey": "a", "TagValue": "b"}]),
        lambda: kms.untag_resource(KeyId=doomed, TagKeys=["a"]),
    ):
        with refused("KMSInvalidStateException", pending):
            call()
    kms.describe_key(KeyId=doomed)
    kms.list_grants(KeyId=doomed)
    kms.list_resource_tags(KeyId=doomed)
    kms.get_key_policy(KeyId=doomed, PolicyName="default")


# --- cryptography


def test_encrypt_and_decrypt(kms, key):
    answer = kms.encrypt(KeyId=key, Plaintext=b"attack at dawn", EncryptionContext={"a": "1", "b": "2"})
    assert answer["KeyId"] == arn(key) and answer["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    assert b"attack" not in answer["CiphertextBlob"]
    back = kms.decrypt(CiphertextBlob=answer["CiphertextBlob"], EncryptionContext={"b": "2", "a": "1"})
    assert back["Plaintext"] == b"attack at dawn" and back["KeyId"] == arn(key)
    assert back["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    named = kms.decrypt(CiphertextBlob=answer["CiphertextBlob"], EncryptionContext={"a": "1", "b": "2"}, KeyId=key)
    assert named["Plaintext"] == b"attack at dawn"


def test_the_same_plaintext_never_gives_the_same_blob(kms, key):
    blobs = {kms.encrypt(KeyId=key, Plaintext=b"same")["CiphertextBlob"] for _ in range(5)}
    assert len(blobs) == 5


@pytest.mark.parametrize("size", [1, 4096])
def test_plaintext_of_every_allowed_size_comes_back(kms, key, size):
    plain = bytes(range(256)) * 16
    blob = kms.encrypt(KeyId=key, Plaintext=plain[:size])["CiphertextBlob"]
    assert len(blob) <= 6144
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plain[:size]


def test_too_much_plaintext_is_refused(kms, key):
    message = (
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
        "Member must have length less than or equal to 4096"
    )
    with refused("ValidationException", message):
        kms.encrypt(KeyId=key, Plaintext=b"x" * 4097)


@pytest.mark.parametrize(
    "context", [None, {}, {"a": "2"}, {"A": "1"}, {"a": "1", "b": "2"}, {"a": "1 "}, {"a": ""}, {"": "a1"}]
)
def test_a_wrong_context_opens_nothing(kms, key, context):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "1"})["CiphertextBlob"]
    asked = {} if context is None else {"EncryptionContext": context}
    with refused("InvalidCiphertextException", NO_MESSAGE, 400):
        kms.decrypt(CiphertextBlob=blob, **asked)


def test_contexts_that_read_alike_are_not_alike(kms, key):
    """Pairs must be told apart by their lengths, not by a separator."""
    pairs = [{"a": "b,c=d"}, {"a": "b", "c": "d"}, {"a=b": "c,d"}, {"a": "b\x00c"}, {"a\x00b": "c"}]
    for sealed in pairs:
        blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=sealed)["CiphertextBlob"]
        for other in pairs:
            if other == sealed:
                assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=other)["Plaintext"] == b"x"
            else:
                with refused("InvalidCiphertextException"):
                    kms.decrypt(CiphertextBlob=blob, EncryptionContext=other)


def test_a_damaged_blob_opens_nothing(kms, key):
    blob = kms.encrypt(KeyId=key, Plaintext=b"some secret")["CiphertextBlob"]
    for position in range(0, len(blob), 3):
        damaged = bytearray(blob)
        damaged[position] ^= 0x40
        with refused("InvalidCiphertextException", NO_MESSAGE):
            kms.decrypt(CiphertextBlob=bytes(damaged))
    for damaged in (blob[:-1], blob + b"\x00", blob[1:], b"x", b"\x00" * 200, blob + blob):
        with refused("InvalidCiphertextException", NO_MESSAGE):
            kms.decrypt(CiphertextBlob=damaged)


def test_a_blob_that_is_too_long_or_empty_is_refused_before_anything_else(server):
    kms = server.client("kms", validate=False)
    for blob in (b"", b"x" * 6145):
        with refused("ValidationException"):
            kms.decrypt(CiphertextBlob=blob)


def test_the_key_named_at_decrypt_must_be_the_blobs_key(kms, key):
    other = create(kms)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    message = "The key ID in the request does not identify a CMK that can perform this operation."
    with refused("IncorrectKeyException", message):
        kms.decrypt(CiphertextBlob=blob, KeyId=other)
    with refused("IncorrectKeyException", message):
        kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=other, DestinationKeyId=other)


def test_a_blob_of_another_region_or_account_is_foreign(server, kms, key):
    """One answer for both, so that it does not tell which."""
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    other = "111122223333"
    for stranger, who in (
        (server.client("kms", region="eu-west-1"), ACCOUNT),
        (server.client("kms", account=other), other),
    ):
        message = (
            f"User: arn:aws:iam::{who}:root is not authorized to perform: kms:Decrypt on the resource associated with this "
            "ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a "
            "resource-based policy explicitly denies access"
        )
        with refused("AccessDeniedException", message, 400):
            stranger.decrypt(CiphertextBlob=blob)


def test_re_encrypt_moves_a_secret_without_showing_it(kms, key):
    other = create(kms)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"from": "here"})["CiphertextBlob"]
    moved = kms.re_encrypt(
        CiphertextBlob=blob,
        SourceEncryptionContext={"from": "here"},
        DestinationKeyId=other,
        DestinationEncryptionContext={"to": "there"},
    )
    assert moved["SourceKeyId"] == arn(key) and moved["KeyId"] == arn(other)
    assert moved["SourceEncryptionAlgorithm"] == moved["DestinationEncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    assert HEX64.match(moved["SourceKeyMaterialId"]) and HEX64.match(moved["DestinationKeyMaterialId"])
    assert "Plaintext" not in moved
    opened = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"to": "there"})
    assert opened["Plaintext"] == b"x" and opened["KeyId"] == arn(other)
    with refused("InvalidCiphertextException"):
        kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"from": "here"})
    with refused("InvalidCiphertextException"):
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)


@pytest.mark.parametrize("size, length", [({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16)])
def test_data_keys_have_the_size_of_their_spec(kms, key, size, length):
    made = kms.generate_data_key(KeyId=key, EncryptionContext={"a": "1"}, **size)
    assert len(made["Plaintext"]) == length and made["KeyId"] == arn(key) and HEX64.match(made["KeyMaterialId"])
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "1"})
    assert opened["Plaintext"] == made["Plaintext"]


@pytest.mark.parametrize("size", [1, 64, 1024])
def test_data_keys_have_the_size_asked_for(kms, key, size):
    made = kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=size)
    assert "Plaintext" not in made
    assert len(kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"]) == size


def test_data_key_sizes_have_limits(server, key):
    kms = server.client("kms", validate=False)
    for operation in (kms.generate_data_key, kms.generate_data_key_without_plaintext):
        with refused("ValidationException"):
            operation(KeyId=key)
        with refused("ValidationException"):
            operation(KeyId=key, KeySpec="AES_256", NumberOfBytes=32)
        message = (
            "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: "
            "Member must have value less than or equal to 1024"
        )
        with refused("ValidationException", message):
            operation(KeyId=key, NumberOfBytes=1025)
        with refused("ValidationException"):
            operation(KeyId=key, NumberOfBytes=0)
        with refused("ValidationException"):
            operation(KeyId=key, KeySpec="AES_512")


def test_random_bytes(server):
    kms = server.client("kms", validate=False)
    assert len(kms.generate_random(NumberOfBytes=1024)["Plaintext"]) == 1024
    assert kms.generate_random(NumberOfBytes=32)["Plaintext"] != kms.generate_random(NumberOfBytes=32)["Plaintext"]
    with refused("ValidationException", "NumberOfBytes is required."):
        kms.generate_random()
    for size in (0, 1025, -1):
        with refused("ValidationException"):
            kms.generate_random(NumberOfBytes=size)


def test_keys_that_cannot_are_refused(kms, rsa, signer, hmac):
    with refused("InvalidKeyUsageException", f"{arn(signer)} key usage is SIGN_VERIFY which is not valid for Encrypt."):
        kms.encrypt(KeyId=signer, Plaintext=b"x")
    for key in (rsa, signer, hmac):
        with pytest.raises(kms.exceptions.ClientError) as caught:
            kms.generate_data_key(KeyId=key, KeySpec="AES_256")
        assert caught.value.response["Error"]["Code"] in ("InvalidKeyUsageException", "UnsupportedOperationException")


def test_rsa_keys_encrypt_what_anybody_can_encrypt_for_them(kms, rsa):
    public = kms.get_public_key(KeyId=rsa)
    assert public["KeyId"] == arn(rsa) and public["KeySpec"] == public["CustomerMasterKeySpec"] == "RSA_2048"
    assert public["KeyUsage"] == "ENCRYPT_DECRYPT"
    outside = serialization.load_der_public_key(public["PublicKey"])
    for name, hash_ in (("RSAES_OAEP_SHA_256", hashes.SHA256()), ("RSAES_OAEP_SHA_1", hashes.SHA1())):
        blob = outside.encrypt(b"hello", padding.OAEP(padding.MGF1(hash_), hash_, None))
        assert kms.decrypt(KeyId=rsa, CiphertextBlob=blob, EncryptionAlgorithm=name)["Plaintext"] == b"hello"
        ours = kms.encrypt(KeyId=rsa, Plaintext=b"hello", EncryptionAlgorithm=name)
        assert ours["EncryptionAlgorithm"] == name
        assert kms.decrypt(KeyId=rsa, CiphertextBlob=ours["CiphertextBlob"], EncryptionAlgorithm=name)["Plaintext"] == b"hello"


def test_rsa_keys_have_their_own_limits(kms, rsa):
    message = "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes."
    with refused("ValidationException", message):
        kms.encrypt(KeyId=rsa, Plaintext=b"x" * 191, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    kms.encrypt(KeyId=rsa, Plaintext=b"x" * 214, EncryptionAlgorithm="RSAES_OAEP_SHA_1")
    with pytest.raises(kms.exceptions.ClientError):
        kms.encrypt(KeyId=rsa, Plaintext=b"x")
    blob = kms.encrypt(KeyId=rsa, Plaintext=b"x", EncryptionAlgorithm="RSAES_OAEP_SHA_256")["CiphertextBlob"]
    with refused("InvalidCiphertextException"):
        kms.decrypt(KeyId=rsa, CiphertextBlob=blob, EncryptionAlgorithm="RSAES_OAEP_SHA_1")


def test_the_public_key_of_a_symmetric_key_is_not_to_be_had(kms, key, signer):
    serialization.load_der_public_key(kms.get_public_key(KeyId=signer)["PublicKey"])
    with pytest.raises(kms.exceptions.ClientError) as caught:
        kms.get_public_key(KeyId=key)
    assert caught.value.response["Error"]["Code"] == "UnsupportedOperationException"


def test_dry_runs_change_nothing(kms, key, disabled):
    message = "The request would have succeeded, but the DryRun option is set."
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    before = kms.list_grants(KeyId=key)["Grants"]
    for call in (
        lambda: kms.encrypt(KeyId=key, Plaintext=b"x", DryRun=True),
        lambda: kms.decrypt(CiphertextBlob=blob, DryRun=True),
        lambda: kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key, DryRun=True),
        lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256", DryRun=True),
        lambda: kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_256", DryRun=True),
        lambda: kms.create_grant(
            KeyId=key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:root", Operations=["Decrypt"], DryRun=True
        ),
    ):
        with refused("DryRunOperationException", message):
            call()
    assert kms.list_grants(KeyId=key)["Grants"] == before
    with refused("DisabledException"):
        kms.encrypt(KeyId=disabled, Plaintext=b"x", DryRun=True)


# --- grants


PERSON = f"arn:aws:iam::{ACCOUNT}:role/reader"


@pytest.fixture(scope="module", autouse=True)
def roles(server):
    """Who is named in a grant must exist."""
    for name in ("reader", "other", "nobody"):
        role(server, "ec2.amazonaws.com", name=name)


def grant(kms, key, **request):
    request = {"GranteePrincipal": PERSON, "Operations": ["Decrypt"]} | request
    return kms.create_grant(KeyId=key, **request)


def test_a_grant_is_listed_as_it_was_made(kms):
    key = create(kms)
    made = grant(
        kms,
        key,
        Operations=["Decrypt", "Encrypt"],
        RetiringPrincipal=PERSON,
        Name="for-reading",
        Constraints={"EncryptionContextSubset": {"a": "1"}},
    )
    assert HEX64.match(made["GrantId"]) and 1 <= len(made["GrantToken"]) <= 8192
    assert "KeyId" not in made
    (listed,) = kms.list_grants(KeyId=key)["Grants"]
    assert listed["KeyId"] == arn(key) and listed["GrantId"] == made["GrantId"] and listed["Name"] == "for-reading"
    assert listed["GranteePrincipal"] == PERSON and listed["RetiringPrincipal"] == PERSON
    assert listed["IssuingAccount"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert sorted(listed["Operations"]) == ["Decrypt", "Encrypt"]
    assert listed["Constraints"] == {"EncryptionContextSubset": {"a": "1"}}
    assert listed["CreationDate"].timestamp() == pytest.approx(time.time(), abs=5)


def test_the_same_named_grant_twice_is_one_grant(kms):
    key = create(kms)
    first, second = grant(kms, key, Name="one"), grant(kms, key, Name="one")
    assert first["GrantId"] == second["GrantId"]
    assert len(kms.list_grants(KeyId=key)["Grants"]) == 1
    assert grant(kms, key)["GrantId"] != grant(kms, key)["GrantId"], "without a name each call makes a grant"


def test_grants_are_found_by_id_and_by_grantee(kms):
    key = create(kms)
    mine = grant(kms, key)["GrantId"]
    grant(kms, key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:role/other")
    assert [g["GrantId"] for g in kms.list_grants(KeyId=key, GrantId=mine)["Grants"]] == [mine]
    assert [g["GrantId"] for g in kms.list_grants(KeyId=key, GranteePrincipal=PERSON)["Grants"]] == [mine]
    assert kms.list_grants(KeyId=key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:role/nobody")["Grants"] == []


def test_grants_come_in_pages(kms):
    key = create(kms)
    made = {grant(kms, key)["GrantId"] for _ in range(5)}
    seen, asked = [], {"KeyId": key, "Limit": 2}
    while True:
        page = kms.list_grants(**asked)
        seen += [g["GrantId"] for g in page["Grants"]]
        if not page["Truncated"]:
            break
        asked["Marker"] = page["NextMarker"]
    assert len(seen) == 5 and set(seen) == made
    other = create(kms)
    with refused("InvalidMarkerException"):
        kms.list_grants(KeyId=other, Marker=kms.list_grants(KeyId=key, Limit=2)["NextMarker"])


def test_grants_end(kms):
    key = create(kms)
    by_token, by_id, revoked = grant(kms, key), grant(kms, key), grant(kms, key)
    kms.retire_grant(GrantToken=by_token["GrantToken"])
    kms.retire_grant(KeyId=arn(key), GrantId=by_id["GrantId"])
    assert [g["GrantId"] for g in kms.list_grants(KeyId=key)["Grants"]] == [revoked["GrantId"]]
    kms.revoke_grant(KeyId=key, GrantId=revoked["GrantId"])
    assert kms.list_grants(KeyId=key)["Grants"] == []
    with refused("NotFoundException", f"Grant ID {revoked['GrantId']} not found"):
        kms.revoke_grant(KeyId=key, GrantId=revoked["GrantId"])


def test_retirable_grants_are_listed_by_who_may_retire(server, kms):
    key, person = create(kms), role(server, "ec2.amazonaws.com", name=f"retirer-{uuid.uuid4().hex}")
    made = grant(kms, key, RetiringPrincipal=person)["GrantId"]
    listed = kms.list_retirable_grants(RetiringPrincipal=person)["Grants"]
    assert [g["GrantId"] for g in listed] == [made]


@pytest.mark.parametrize(
    "bad",
    [
        {"Operations": []},
        {"Operations": ["Dance"]},
        {"Name": "no blanks"},
        {"Name": "x" * 257},
        {"GranteePrincipal": ""},
        {"Constraints": {"EncryptionContextSubset": {"a": "x" * 385}}},
    ],
)
def test_nonsense_in_a_grant_is_refused(server, bad):
    kms = server.client("kms", validate=False)
    key = create(kms)
    with refused("ValidationException"):
        grant(kms, key, **bad)
    assert kms.list_grants(KeyId=key)["Grants"] == []


def test_foreign_grant_tokens_and_ids_are_refused(kms, key):
    with refused("InvalidGrantTokenException"):
        kms.retire_grant(GrantToken="AQ" + "A" * 200)
    with refused("NotFoundException"):
        kms.retire_grant(KeyId=arn(key), GrantId="0" * 64)
    with refused("NotFoundException"):
        kms.revoke_grant(KeyId=key, GrantId="0" * 64)


# --- tags, descriptions, policies


def test_tags_are_written_over_and_taken_away(kms):
    key = create(kms)
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": "2"}])
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "3"}])
    shown = {t["TagKey"]: t["TagValue"] for t in kms.list_resource_tags(KeyId=key)["Tags"]}
    assert shown == {"a": "3", "b": "2"}
    kms.untag_resource(KeyId=key, TagKeys=["a", "never-there"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "b", "TagValue": "2"}]


def test_a_description_can_change(kms):
    key = create(kms)
    kms.update_key_description(KeyId=key, Description="<&\"' ünï 🔑")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "<&\"' ünï 🔑"


def test_auditors_find_policy_and_rotation(kms, key):
    import json

    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_a_policy_that_is_put_is_obeyed(kms):
    import json

    key = create(kms)
    statement = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": ["kms:PutKeyPolicy", "kms:Get*"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    assert kms.get_key_policy(KeyId=key)["Policy"] == policy
    message = (
        f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: kms:DescribeKey on resource: {arn(key)} because no "
        "resource-based policy allows the kms:DescribeKey action"
    )
    with refused("AccessDeniedException", message, 400):
        kms.describe_key(KeyId=key)
    locked = policy.replace("kms:PutKeyPolicy", "kms:DescribeKey")
    message = "The new key policy will not allow you to update the key policy in the future."
    with refused("MalformedPolicyDocumentException", message, 400):
        kms.put_key_policy(KeyId=key, Policy=locked)
    with refused("MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key, Policy="{}")
    unknown = policy.replace("Allow", "Deny").replace('"Resource"', '"Condition": {"SoundsLike": {"aws:SecureTransport": "false"}}, "Resource"')
    with refused("MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key, Policy=unknown, BypassPolicyLockoutSafetyCheck=True)
    assert kms.get_key_policy(KeyId=key)["Policy"] == policy
    kms.put_key_policy(KeyId=key, Policy=locked, BypassPolicyLockoutSafetyCheck=True)
    with refused("AccessDeniedException"):
        kms.put_key_policy(KeyId=key, Policy=policy)


# --- the protocol


def test_unknown_operations_and_members_are_refused_in_kms_words(server):
    from support.sign import call_json

    status, body = call_json(server, "kms", "TrentService.OpenTheVault", {})
    assert (status, body["__type"].split("#")[-1]) == (400, "UnknownOperationException")
    status, body = call_json(server, "kms", "TrentService.DescribeKey", raw="{not json")
    assert (status, body["__type"].split("#")[-1]) == (400, "SerializationException")
    status, body = call_json(server, "kms", "TrentService.DescribeKey", {"KeyId": 7})
    assert (status, body["__type"].split("#")[-1]) == (400, "SerializationException")
    status, body = call_json(server, "kms", "TrentService.DescribeKey", {})
    assert (status, body["__type"].split("#")[-1]) == (400, "ValidationException")
