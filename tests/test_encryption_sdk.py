"""The AWS Encryption SDK for Python, unchanged, with our KMS: envelope encryption with context, under one key, under several, and
under multi-Region keys whose replicas decrypt."""

import pytest

sdk = pytest.importorskip("aws_encryption_sdk")
import aws_encryption_sdk.key_providers.kms as mrk  # noqa: E402
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError  # noqa: E402
from aws_encryption_sdk.identifiers import CommitmentPolicy  # noqa: E402

TEXT = b"what the customer keeps" * 1000
CONTEXT = {"purpose": "test", "tenant": "a"}


@pytest.fixture(scope="module")
def client():
    return sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)


@pytest.fixture(scope="module")
def here(server):
    """The SDK makes its clients itself; the endpoint is told the way the aws CLI is told."""
    patch = pytest.MonkeyPatch()
    patch.setenv("AWS_ENDPOINT_URL_KMS", server.url)
    patch.setenv("AWS_ACCESS_KEY_ID", "test")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_CONFIG_FILE", "/dev/null")
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    yield patch
    patch.undo()


def strict(*arns):
    return sdk.StrictAwsKmsMasterKeyProvider(key_ids=list(arns))


def test_what_it_encrypts_it_decrypts(kms, client, here):
    key = kms.create_key()["KeyMetadata"]["Arn"]
    sealed, header = client.encrypt(source=TEXT, key_provider=strict(key), encryption_context=CONTEXT)
    assert TEXT not in sealed
    opened, told = client.decrypt(source=sealed, key_provider=strict(key))
    assert opened == TEXT and told.encryption_context.items() >= CONTEXT.items()
    found, _ = client.decrypt(source=sealed, key_provider=sdk.DiscoveryAwsKmsMasterKeyProvider())
    assert found == TEXT
    with pytest.raises(AWSEncryptionSDKClientError):
        client.decrypt(source=sealed, key_provider=strict(kms.create_key()["KeyMetadata"]["Arn"]))
    kms.disable_key(KeyId=key)
    with pytest.raises(AWSEncryptionSDKClientError):
        client.decrypt(source=sealed, key_provider=strict(key))


def test_either_of_two_keys_opens(kms, client, here):
    one, two = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    sealed, _ = client.encrypt(source=TEXT, key_provider=strict(one, two), encryption_context=CONTEXT)
    kms.disable_key(KeyId=one)
    assert client.decrypt(source=sealed, key_provider=strict(two))[0] == TEXT


def test_a_replica_opens_what_its_primary_sealed(kms, client, here):
    primary = kms.create_key(MultiRegion=True)["KeyMetadata"]["Arn"]
    replica = kms.replicate_key(KeyId=primary, ReplicaRegion="eu-west-1")["ReplicaKeyMetadata"]["Arn"]
    aware = mrk.MRKAwareStrictAwsKmsMasterKeyProvider
    sealed, _ = client.encrypt(source=TEXT, key_provider=aware(key_ids=[primary]), encryption_context=CONTEXT)
    assert client.decrypt(source=sealed, key_provider=aware(key_ids=[replica]))[0] == TEXT
    found = mrk.MRKAwareDiscoveryAwsKmsMasterKeyProvider(discovery_region="eu-west-1")
    assert client.decrypt(source=sealed, key_provider=found)[0] == TEXT
    lonely = kms.create_key()["KeyMetadata"]["Arn"]
    with pytest.raises(AWSEncryptionSDKClientError):
        client.decrypt(source=sealed, key_provider=aware(key_ids=[lonely]))
