"""Every reachable cell of the key-state table over a real socket: which operation a key in which state allows, and AWS's words for
what it does not. The table is the KMS Developer Guide's; `-` marks what cannot be (a key of that kind has no such state).
Creating, Updating and Unavailable pass in no time here or need a custom key store; their cells are unit tests."""

import datetime
import os
import uuid

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

pytestmark = pytest.mark.catalog

STATES = ("Enabled", "Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport")
#                                        Enabled Disabled PendingDel. PendingRepl. PendingImport
TABLE = """
CancelKeyDeletion                        4       4        ok          ok           4
CreateAlias                              ok      ok       3           3            ok
CreateGrant                              ok      1        3           3            5
Decrypt                                  ok      1        3           3            5
DeleteAlias                              ok      ok       ok          ok           ok
DeleteImportedKeyMaterial                9       9        9           9            ok
DescribeKey                              ok      ok       ok          ok           ok
DisableKey                               ok      ok       3           3            5
DisableKeyRotation                       ok      1        3           3            6
EnableKey                                ok      ok       3           3            5
EnableKeyRotation                        ok      1        3           3            6
Encrypt                                  ok      1        3           3            5
GenerateDataKey                          ok      1        3           3            5
GenerateDataKeyPair                      ok      1        3           3            5
GenerateDataKeyPairWithoutPlaintext      ok      1        3           3            5
GenerateDataKeyWithoutPlaintext          ok      1        3           3            5
GenerateMac                              ok      1        3           -            -
GetKeyPolicy                             ok      ok       ok          ok           ok
GetKeyRotationStatus                     ok      ok       ok          ok           6
GetParametersForImport                   9       9        9           9            ok
GetPublicKey                             ok      1        3           -            -
ImportKeyMaterial                        9       9        9           9            -
ListAliases                              ok      ok       ok          ok           ok
ListGrants                               ok      ok       ok          ok           ok
ListKeyPolicies                          ok      ok       ok          ok           ok
ListKeyRotations                         ok      ok       ok          ok           ok
ListResourceTags                         ok      ok       ok          ok           ok
PutKeyPolicy                             ok      ok       ok          ok           ok
ReEncrypt                                ok      1        3           3            5
ReplicateKey                             -       1        3           3            5
RetireGrant                              ok      ok       ok          ok           -
RevokeGrant                              ok      ok       ok          ok           -
RotateKeyOnDemand                        ok      1        3           3            5
ScheduleKeyDeletion                      ok      ok       3           3            ok
Sign                                     ok      1        3           -            -
TagResource                              ok      ok       3           3            ok
UntagResource                            ok      ok       3           3            ok
UpdateAlias                              ok      ok       3           3            ok
UpdateKeyDescription                     ok      ok       3           3            ok
UpdatePrimaryRegion                      -       1        3           3            5
Verify                                   ok      1        3           -            -
VerifyMac                                ok      1        3           -            -
"""
CELLS = [
    (words[0], state, expected)
    for words in map(str.split, TABLE.strip().splitlines())
    for state, expected in zip(STATES, words[1:], strict=True)
    if expected != "-"
]
# Notes of the table: code and message; `{}` is the key's ARN.
NOTES = {
    "1": ("DisabledException", "{} is disabled."),
    "3": ("KMSInvalidStateException", "{} is pending deletion."),
    "4": ("KMSInvalidStateException", "{} is not pending deletion (or pending replica deletion)."),
    "5": ("KMSInvalidStateException", "{} is pending import."),
    "6": ("UnsupportedOperationException", "{} origin is EXTERNAL which is not valid for this operation."),
    "9": ("UnsupportedOperationException", "{} origin is AWS_KMS which is not valid for this operation."),
}
SIGNING = {"SigningAlgorithm": "ECDSA_SHA_256", "Message": b"m"}
KINDS = {
    "GenerateMac": "mac",
    "VerifyMac": "mac",
    "Sign": "signer",
    "Verify": "signer",
    "GetPublicKey": "signer",
    "ReplicateKey": "multi",
    "UpdatePrimaryRegion": "multi",
}


class Key:
    """One key with what the operations on it need, made while it was enabled, then brought into a state."""

    def __init__(self, server, kms, kind, state):
        self.kms = kms
        create = {
            "plain": {},
            "mac": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
            "signer": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
            "multi": {"MultiRegion": True},
        }[kind]
        if state == "PendingImport":
            create["Origin"] = "EXTERNAL"
        if state == "PendingReplicaDeletion":
            create["MultiRegion"] = True
        made = kms.create_key(**create)["KeyMetadata"]
        self.id, self.arn = made["KeyId"], made["Arn"]
        self.alias = f"alias/s-{uuid.uuid4().hex}"
        kms.create_alias(AliasName=self.alias, TargetKeyId=self.id)
        if state == "PendingImport":
            self.had_material()
        else:
            if kind in ("plain", "multi"):
                self.blob = kms.encrypt(KeyId=self.id, Plaintext=b"x")["CiphertextBlob"]
            if kind == "mac":
                self.mac = kms.generate_mac(KeyId=self.id, MacAlgorithm="HMAC_SHA_256", Message=b"m")["Mac"]
            if kind == "signer":
                self.signature = kms.sign(KeyId=self.id, **SIGNING)["Signature"]
            operations = {"mac": ["GenerateMac"], "signer": ["Sign"]}.get(kind, ["Decrypt"])
            self.grants = [
                kms.create_grant(KeyId=self.id, GranteePrincipal="arn:aws:iam::000000000000:root", Operations=operations)
                for _ in range(2)
            ]
        self.into(server, state)

    def had_material(self):
        """A ciphertext of its own, made under material that is deleted again: so the key waits for its import."""
        kms = self.kms
        given = kms.get_parameters_for_import(
            KeyId=self.id, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
        )
        oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
        kms.import_key_material(
            KeyId=self.id,
            ImportToken=given["ImportToken"],
            EncryptedKeyMaterial=serialization.load_der_public_key(given["PublicKey"]).encrypt(os.urandom(32), oaep),
            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
        )
        self.blob = kms.encrypt(KeyId=self.id, Plaintext=b"x")["CiphertextBlob"]
        kms.delete_imported_key_material(KeyId=self.id)

    def into(self, server, state):
        kms = self.kms
        if state == "Disabled":
            kms.disable_key(KeyId=self.id)
        if state == "PendingReplicaDeletion":
            kms.replicate_key(KeyId=self.id, ReplicaRegion="eu-west-1")
        if state.startswith("Pending") and state.endswith("Deletion"):
            kms.schedule_key_deletion(KeyId=self.id, PendingWindowInDays=7)
        assert kms.describe_key(KeyId=self.id)["KeyMetadata"]["KeyState"] == state

    def call(self, operation):
        kms, key = self.kms, {"KeyId": self.id}
        pair = key | {"KeyPairSpec": "ECC_NIST_P256"}
        token = {"ImportToken": b"x", "EncryptedKeyMaterial": b"x", "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
        wrapping = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
        mac = {"MacAlgorithm": "HMAC_SHA_256", "Message": b"m"}
        grant = {"GranteePrincipal": "arn:aws:iam::000000000000:root", "Operations": ["Decrypt"]}
        calls = {
            "CancelKeyDeletion": lambda: kms.cancel_key_deletion(**key),
            "CreateAlias": lambda: kms.create_alias(AliasName=f"alias/n-{uuid.uuid4().hex}", TargetKeyId=self.id),
            "CreateGrant": lambda: kms.create_grant(**key, **grant),
            "Decrypt": lambda: kms.decrypt(CiphertextBlob=self.blob, KeyId=self.id),
            "DeleteAlias": lambda: kms.delete_alias(AliasName=self.alias),
            "DeleteImportedKeyMaterial": lambda: kms.delete_imported_key_material(**key),
            "DescribeKey": lambda: kms.describe_key(**key),
            "DisableKey": lambda: kms.disable_key(**key),
            "DisableKeyRotation": lambda: kms.disable_key_rotation(**key),
            "EnableKey": lambda: kms.enable_key(**key),
            "EnableKeyRotation": lambda: kms.enable_key_rotation(**key),
            "Encrypt": lambda: kms.encrypt(**key, Plaintext=b"x"),
            "GenerateDataKey": lambda: kms.generate_data_key(**key, KeySpec="AES_256"),
            "GenerateDataKeyPair": lambda: kms.generate_data_key_pair(**pair),
            "GenerateDataKeyPairWithoutPlaintext": lambda: kms.generate_data_key_pair_without_plaintext(**pair),
            "GenerateDataKeyWithoutPlaintext": lambda: kms.generate_data_key_without_plaintext(**key, NumberOfBytes=64),
            "GenerateMac": lambda: kms.generate_mac(**key, **mac),
            "GetKeyPolicy": lambda: kms.get_key_policy(**key, PolicyName="default"),
            "GetKeyRotationStatus": lambda: kms.get_key_rotation_status(**key),
            "GetParametersForImport": lambda: kms.get_parameters_for_import(**key, **wrapping),
            "GetPublicKey": lambda: kms.get_public_key(**key),
            "ImportKeyMaterial": lambda: kms.import_key_material(**key, **token),
            "ListAliases": lambda: kms.list_aliases(**key),
            "ListGrants": lambda: kms.list_grants(**key),
            "ListKeyPolicies": lambda: kms.list_key_policies(**key),
            "ListKeyRotations": lambda: kms.list_key_rotations(**key),
            "ListResourceTags": lambda: kms.list_resource_tags(**key),
            "PutKeyPolicy": lambda: kms.put_key_policy(
                **key, PolicyName="default", Policy=kms.get_key_policy(**key, PolicyName="default")["Policy"]
            ),
            "ReEncrypt": lambda: kms.re_encrypt(
                CiphertextBlob=self.blob, SourceKeyId=self.id, DestinationKeyId=self.id
            ),
            "ReplicateKey": lambda: kms.replicate_key(**key, ReplicaRegion="eu-central-1"),
            "RetireGrant": lambda: kms.retire_grant(KeyId=self.arn, GrantId=self.grants[0]["GrantId"]),
            "RevokeGrant": lambda: kms.revoke_grant(KeyId=self.arn, GrantId=self.grants[1]["GrantId"]),
            "RotateKeyOnDemand": lambda: kms.rotate_key_on_demand(**key),
            "ScheduleKeyDeletion": lambda: kms.schedule_key_deletion(**key),
            "Sign": lambda: kms.sign(**key, **SIGNING),
            "TagResource": lambda: kms.tag_resource(**key, Tags=[{"TagKey": "a", "TagValue": "b"}]),
            "UntagResource": lambda: kms.untag_resource(**key, TagKeys=["a"]),
            "UpdateAlias": lambda: kms.update_alias(AliasName=self.alias, TargetKeyId=self.id),
            "UpdateKeyDescription": lambda: kms.update_key_description(**key, Description="x"),
            "UpdatePrimaryRegion": lambda: kms.update_primary_region(**key, PrimaryRegion="eu-west-1"),
            "Verify": lambda: kms.verify(**key, **SIGNING, Signature=self.signature),
            "VerifyMac": lambda: kms.verify_mac(**key, **mac, Mac=self.mac),
        }
        return calls[operation]()


@pytest.mark.parametrize("operation, state, expected", CELLS, ids=[f"{o}-{s}" for o, s, _ in CELLS])
def test_the_state_decides(server, kms, operation, state, expected):
    key = Key(server, kms, KINDS.get(operation, "plain"), state)
    if expected == "ok":
        key.call(operation)
        return
    with pytest.raises(ClientError) as caught:
        key.call(operation)
    error = caught.value.response["Error"]
    code, message = NOTES[expected]
    assert (error["Code"], error["Message"]) == (code, message.format(key.arn))


def test_what_a_key_says_of_itself_in_each_state(server, kms):
    for state in STATES:
        key = Key(server, kms, "plain", state)
        shown = kms.describe_key(KeyId=key.id)["KeyMetadata"]
        assert shown["Enabled"] is (state == "Enabled")
        assert ("DeletionDate" in shown) is (state == "PendingDeletion"), shown
        assert ("PendingDeletionWindowInDays" in shown) is (state == "PendingReplicaDeletion"), shown
        assert "CurrentKeyMaterialId" in shown, shown
        if state == "PendingDeletion":
            left = shown["DeletionDate"] - datetime.datetime.now(datetime.UTC)
            assert datetime.timedelta(days=6, hours=23) < left <= datetime.timedelta(days=7, minutes=1)


def test_cancelling_a_deletion_leaves_the_key_disabled(server, kms):
    key = Key(server, kms, "plain", "PendingDeletion")
    kms.cancel_key_deletion(KeyId=key.id)
    assert kms.describe_key(KeyId=key.id)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(KeyId=key.id)
    assert kms.decrypt(CiphertextBlob=key.blob)["Plaintext"] == b"x"
