"""KMS's cryptography against another library: what we sign others verify, what others sign we verify; shared secrets, MACs and data
key pairs are what they say; imported material encrypts as the bytes that were imported."""

import datetime
import hashlib
import hmac as python_hmac
import os

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from support.checks import refused

pytestmark = pytest.mark.catalog

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES = {
    "ECC_NIST_P256": ("ECDSA_SHA_256", ec.SECP256R1()),
    "ECC_NIST_P384": ("ECDSA_SHA_384", ec.SECP384R1()),
    "ECC_NIST_P521": ("ECDSA_SHA_512", ec.SECP521R1()),
    "ECC_SECG_P256K1": ("ECDSA_SHA_256", ec.SECP256K1()),
}
MESSAGE = b"what is signed"


def create(kms, **request):
    return kms.create_key(**request)["KeyMetadata"]["KeyId"]


def public(kms, key):
    return serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])


def mutations(data):
    """Every way to be a little wrong: a flipped bit here and there, too short, too long, empty."""
    for at in range(0, len(data), max(1, len(data) // 8)):
        yield data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    yield data[:-1]
    yield data + b"\0"


# --- signatures


@pytest.mark.parametrize("spec", CURVES)
def test_ecdsa_signatures_are_verified_by_others_and_others_by_us(kms, spec):
    key = create(kms, KeySpec=spec, KeyUsage="SIGN_VERIFY")
    algorithm, _ = CURVES[spec]
    chosen = HASHES[algorithm[-3:]]
    signature = kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm=algorithm)["Signature"]
    public(kms, key).verify(signature, MESSAGE, ec.ECDSA(chosen))
    with pytest.raises(InvalidSignature):
        public(kms, key).verify(signature, b"another", ec.ECDSA(chosen))
    digest = hashlib.new(f"sha{algorithm[-3:]}", MESSAGE).digest()
    by_digest = kms.sign(KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm=algorithm)["Signature"]
    public(kms, key).verify(by_digest, digest, ec.ECDSA(utils.Prehashed(chosen)))
    ask = {"KeyId": key, "SigningAlgorithm": algorithm}
    assert kms.verify(**ask, Message=MESSAGE, Signature=by_digest)["SignatureValid"] is True
    assert kms.verify(**ask, Message=digest, MessageType="DIGEST", Signature=signature)["SignatureValid"] is True
    for wrong in mutations(signature):
        with refused("KMSInvalidSignatureException"):
            kms.verify(**ask, Message=MESSAGE, Signature=wrong)
    with refused("ValidationException"):
        kms.sign(**ask, Message=digest[:-1], MessageType="DIGEST")
    with refused("InvalidKeyUsageException"):
        kms.encrypt(KeyId=key, Plaintext=b"x")


@pytest.fixture(scope="module")
def signer(kms):
    return create(kms, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")


@pytest.mark.parametrize("bits", HASHES)
@pytest.mark.parametrize("scheme", ["PSS", "PKCS1_V1_5"])
def test_rsa_signatures_are_verified_by_others(kms, signer, scheme, bits):
    algorithm, chosen = f"RSASSA_{scheme}_SHA_{bits}", HASHES[bits]
    how = padding.PKCS1v15() if scheme == "PKCS1_V1_5" else padding.PSS(padding.MGF1(chosen), padding.PSS.DIGEST_LENGTH)
    signature = kms.sign(KeyId=signer, Message=MESSAGE, SigningAlgorithm=algorithm)["Signature"]
    public(kms, signer).verify(signature, MESSAGE, how, chosen)
    digest = hashlib.new(f"sha{bits}", MESSAGE).digest()
    by_digest = kms.sign(KeyId=signer, Message=digest, MessageType="DIGEST", SigningAlgorithm=algorithm)["Signature"]
    public(kms, signer).verify(by_digest, digest, how, utils.Prehashed(chosen))
    assert kms.verify(KeyId=signer, Message=MESSAGE, Signature=by_digest, SigningAlgorithm=algorithm)["SignatureValid"]
    for wrong in mutations(signature):
        with refused("KMSInvalidSignatureException"):
            kms.verify(KeyId=signer, Message=MESSAGE, Signature=wrong, SigningAlgorithm=algorithm)


def test_ed25519_signatures_are_verified_by_others(kms):
    key = create(kms, KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY")
    ask = {"KeyId": key, "SigningAlgorithm": "ED25519_SHA_512", "MessageType": "RAW"}
    signature = kms.sign(**ask, Message=MESSAGE)["Signature"]
    public(kms, key).verify(signature, MESSAGE)
    assert kms.verify(**ask, Message=MESSAGE, Signature=signature)["SignatureValid"] is True
    with refused("KMSInvalidSignatureException"):
        kms.verify(**ask, Message=b"another", Signature=signature)


def test_an_algorithm_that_does_not_fit_the_key_is_refused(kms, signer):
    with refused("InvalidKeyUsageException", "Algorithm ECDSA_SHA_256 is incompatible with key spec RSA_2048."):
        kms.sign(KeyId=signer, Message=MESSAGE, SigningAlgorithm="ECDSA_SHA_256")
    symmetric = create(kms)
    with refused("InvalidKeyUsageException"):
        kms.sign(KeyId=symmetric, Message=MESSAGE, SigningAlgorithm="ECDSA_SHA_256")
    with refused("DryRunOperationException"):
        kms.sign(KeyId=signer, Message=MESSAGE, SigningAlgorithm="RSASSA_PSS_SHA_256", DryRun=True)
    with refused("ValidationException"):
        kms.sign(KeyId=signer, Message=b"x" * 4097, SigningAlgorithm="RSASSA_PSS_SHA_256")


# --- MACs, shared secrets, data key pairs


@pytest.mark.parametrize("bits", ["224", "256", "384", "512"])
def test_a_mac_holds_for_its_message_only(kms, bits):
    key = create(kms, KeySpec=f"HMAC_{bits}", KeyUsage="GENERATE_VERIFY_MAC")
    ask = {"KeyId": key, "MacAlgorithm": f"HMAC_SHA_{bits}"}
    mac = kms.generate_mac(**ask, Message=MESSAGE)["Mac"]
    assert len(mac) == int(bits) // 8
    assert kms.verify_mac(**ask, Message=MESSAGE, Mac=mac)["MacValid"] is True
    for wrong in mutations(mac):
        with refused("KMSInvalidMacException"):
            kms.verify_mac(**ask, Message=MESSAGE, Mac=wrong)
    with refused("KMSInvalidMacException"):
        kms.verify_mac(**ask, Message=b"another", Mac=mac)


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"])
def test_both_sides_derive_the_same_secret(kms, spec):
    key = create(kms, KeySpec=spec, KeyUsage="KEY_AGREEMENT")
    peer = ec.generate_private_key(CURVES[spec][1])
    der = peer.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    ask = {"KeyId": key, "KeyAgreementAlgorithm": "ECDH"}
    ours = kms.derive_shared_secret(**ask, PublicKey=der)["SharedSecret"]
    assert ours == peer.exchange(ec.ECDH(), public(kms, key))
    other = ec.generate_private_key(ec.SECP256K1()).public_key()
    wrong = other.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    for bad in (wrong, der[:-1], b"x"):
        with refused("ValidationException"):
            kms.derive_shared_secret(**ask, PublicKey=bad)


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"])
def test_a_data_key_pair_is_a_pair_and_its_private_half_is_wrapped(kms, spec):
    key = create(kms)
    context = {"for": "a test"}
    pair = kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec, EncryptionContext=context)
    private = serialization.load_der_private_key(pair["PrivateKeyPlaintext"], password=None)
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert private.public_key().public_bytes(*form) == pair["PublicKey"]
    opened = kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"], EncryptionContext=context)
    assert opened["Plaintext"] == pair["PrivateKeyPlaintext"]
    with refused("InvalidCiphertextException"):
        kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])
    hidden = kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec=spec)
    assert "PrivateKeyPlaintext" not in hidden and hidden["PublicKey"] != pair["PublicKey"]


# --- imported material


def wrapped(kms, key, material, algorithm, spec="RSA_2048"):
    given = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=spec)
    wrapper = serialization.load_der_public_key(given["PublicKey"])
    chosen = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()  # noqa: S303 the API's own choice
    oaep = padding.OAEP(mgf=padding.MGF1(chosen), algorithm=chosen, label=None)
    if algorithm.startswith("RSAES"):
        return given["ImportToken"], wrapper.encrypt(material, oaep)
    inner = os.urandom(32)
    return given["ImportToken"], wrapper.encrypt(inner, oaep) + keywrap.aes_key_wrap_with_padding(inner, material)


def import_into(kms, key, material, algorithm="RSAES_OAEP_SHA_256", spec="RSA_2048", **more):
    token, blob = wrapped(kms, key, material, algorithm, spec)
    more = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"} | more
    return kms.import_key_material(KeyId=key, ImportToken=token, EncryptedKeyMaterial=blob, **more)


def state(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]


@pytest.mark.parametrize("algorithm", ["RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"])
@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_material_is_imported_deleted_and_only_the_same_comes_back(kms, algorithm, spec):
    key, material = create(kms, Origin="EXTERNAL"), os.urandom(32)
    assert state(kms, key) == "PendingImport"
    import_into(kms, key, material, algorithm, spec)
    assert state(kms, key) == "Enabled"
    blob = kms.encrypt(KeyId=key, Plaintext=b"kept")["CiphertextBlob"]
    kms.delete_imported_key_material(KeyId=key)
    assert state(kms, key) == "PendingImport"
    with refused("KMSInvalidStateException"):
        kms.decrypt(CiphertextBlob=blob)
    with refused("IncorrectKeyMaterialException"):
        import_into(kms, key, os.urandom(32), algorithm, spec)
    import_into(kms, key, material, algorithm, spec)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"kept"


@pytest.mark.parametrize("algorithm", ["RSA_AES_KEY_WRAP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1"])
def test_private_keys_are_imported_by_the_two_step_wrapping(kms, algorithm):
    form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for spec, private in (
        ("ECC_NIST_P256", ec.generate_private_key(ec.SECP256R1())),
        ("RSA_2048", rsa.generate_private_key(65537, 2048)),
    ):
        key = create(kms, Origin="EXTERNAL", KeySpec=spec, KeyUsage="SIGN_VERIFY")
        import_into(kms, key, private.private_bytes(*form), algorithm)
        chosen = "ECDSA_SHA_256" if spec.startswith("ECC") else "RSASSA_PKCS1_V1_5_SHA_256"
        signature = kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm=chosen)["Signature"]
        if spec.startswith("ECC"):
            private.public_key().verify(signature, MESSAGE, ec.ECDSA(hashes.SHA256()))
        else:
            private.public_key().verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())


def test_an_imported_hmac_key_is_the_bytes_that_were_imported(kms):
    key, material = create(kms, Origin="EXTERNAL", KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC"), os.urandom(32)
    import_into(kms, key, material)
    mac = kms.generate_mac(KeyId=key, MacAlgorithm="HMAC_SHA_256", Message=MESSAGE)["Mac"]
    assert mac == python_hmac.new(material, MESSAGE, hashlib.sha256).digest()


def test_wrong_imports_are_refused(kms):
    key = create(kms, Origin="EXTERNAL")
    token, blob = wrapped(kms, key, os.urandom(32), "RSAES_OAEP_SHA_256")
    ask = {"KeyId": key, "ImportToken": token, "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
    for wrong in mutations(blob):
        with refused("InvalidCiphertextException"):
            kms.import_key_material(**ask, EncryptedKeyMaterial=wrong)
    for wrong in mutations(token):
        with refused("InvalidImportTokenException"):
            kms.import_key_material(**(ask | {"ImportToken": wrong}), EncryptedKeyMaterial=blob)
    other = create(kms, Origin="EXTERNAL")
    with refused("InvalidImportTokenException"):
        kms.import_key_material(**(ask | {"KeyId": other}), EncryptedKeyMaterial=blob)
    for length in (16, 31, 33):
        with refused("IncorrectKeyMaterialException"):
            import_into(kms, key, os.urandom(length))
    with refused("ValidationException", "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"):
        kms.import_key_material(KeyId=key, ImportToken=token, EncryptedKeyMaterial=blob)
    assert state(kms, key) == "PendingImport"


def test_material_expires_at_its_moment(kms):
    import time

    key = create(kms, Origin="EXTERNAL")
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    import_into(kms, key, os.urandom(32), ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=soon)
    shown = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert shown["ExpirationModel"] == "KEY_MATERIAL_EXPIRES" and "ValidTo" in shown
    time.sleep(2.2)
    with refused("KMSInvalidStateException"):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    assert state(kms, key) == "PendingImport"


def test_new_material_waits_for_its_rotation(kms):
    key = create(kms, Origin="EXTERNAL")
    import_into(kms, key, os.urandom(32))
    old = kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    with refused("KMSInvalidStateException"):
        kms.rotate_key_on_demand(KeyId=key)
    import_into(kms, key, os.urandom(32), ImportType="NEW_KEY_MATERIAL")
    with refused("KMSInvalidStateException"):
        import_into(kms, key, os.urandom(32), ImportType="NEW_KEY_MATERIAL")
    kms.rotate_key_on_demand(KeyId=key)
    assert kms.decrypt(CiphertextBlob=old)["Plaintext"] == b"old"
    states = [r["KeyMaterialState"] for r in kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]]
    assert sorted(states) == ["CURRENT", "NON_CURRENT"]


# --- rotation, multi-Region


def test_every_older_material_still_decrypts_and_the_limit_is_25(kms):
    key = create(kms)
    blobs = []
    for n in range(25):
        blobs.append(kms.encrypt(KeyId=key, Plaintext=str(n).encode())["CiphertextBlob"])
        kms.rotate_key_on_demand(KeyId=key)
    with refused("LimitExceededException"):
        kms.rotate_key_on_demand(KeyId=key)
    used = set()
    for n, blob in enumerate(blobs):
        opened = kms.decrypt(CiphertextBlob=blob)
        assert opened["Plaintext"] == str(n).encode()
        used.add(opened["KeyMaterialId"])
    assert len(used) == 25
    listed = []
    marker = {}
    while True:
        page = kms.list_key_rotations(KeyId=key, Limit=10, **marker)
        listed += page["Rotations"]
        if not page["Truncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
    assert len(listed) == 25 and {r["RotationType"] for r in listed} == {"ON_DEMAND"}


def test_automatic_rotation_is_switched_and_told(kms):
    key = create(kms)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    shown = kms.get_key_rotation_status(KeyId=key)
    assert shown["RotationPeriodInDays"] == 90
    left = shown["NextRotationDate"] - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=89) < left < datetime.timedelta(days=91)
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    with refused("ValidationException"):
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=89)


def test_related_keys_open_each_others_ciphertexts(server, kms):
    away = server.client("kms", region="eu-west-1")
    made = kms.create_key(MultiRegion=True)["KeyMetadata"]
    key = made["KeyId"]
    assert key.startswith("mrk-") and made["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    replica = kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")["ReplicaKeyMetadata"]
    assert replica["KeyId"] == key and ":eu-west-1:" in replica["Arn"]
    there = kms.encrypt(KeyId=key, Plaintext=b"here")["CiphertextBlob"]
    assert away.decrypt(CiphertextBlob=there)["Plaintext"] == b"here"
    back = away.encrypt(KeyId=key, Plaintext=b"there")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=back)["Plaintext"] == b"there"
    away.disable_key(KeyId=key)
    assert state(kms, key) == "Enabled"
    away.enable_key(KeyId=key)
    kms.rotate_key_on_demand(KeyId=key)
    newer = kms.encrypt(KeyId=key, Plaintext=b"newer")["CiphertextBlob"]
    assert away.decrypt(CiphertextBlob=newer)["Plaintext"] == b"newer"
    kms.update_primary_region(KeyId=key, PrimaryRegion="eu-west-1")
    assert away.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA"
    with refused("AlreadyExistsException"):
        away.replicate_key(KeyId=key, ReplicaRegion="us-east-1")
    with refused("UnsupportedOperationException"):
        kms.replicate_key(KeyId=create(kms), ReplicaRegion="eu-west-1")


def test_there_are_no_custom_key_stores_and_it_is_said(kms):
    assert kms.describe_custom_key_stores()["CustomKeyStores"] == []
    for call in (
        lambda: kms.describe_custom_key_stores(CustomKeyStoreId="cks-1234567890abcdef0"),
        lambda: kms.connect_custom_key_store(CustomKeyStoreId="cks-1234567890abcdef0"),
        lambda: kms.disconnect_custom_key_store(CustomKeyStoreId="cks-1234567890abcdef0"),
        lambda: kms.delete_custom_key_store(CustomKeyStoreId="cks-1234567890abcdef0"),
        lambda: kms.update_custom_key_store(CustomKeyStoreId="cks-1234567890abcdef0"),
    ):
        with refused("CustomKeyStoreNotFoundException"):
            call()
