"""No plaintext under an encrypted volume, ever: a marker is searched for in every byte of every file, and an outside library decrypts
what is stored. For an unencrypted volume the same search finds the marker: the check can fail."""

import os
import secrets
import stat

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from support.checks import refused
from support.devices import Bench
from support.ec2 import detach
from support.nbd import Client
from support.superblock import Stored

UNIT = 4096


@pytest.fixture(scope="module")
def bench(server):
    return Bench(server)


@pytest.fixture(scope="module")
def key(bench):
    """A customer managed key: its account may decrypt with it directly, as with `alias/aws/ebs` it may not."""
    return bench.server.client("kms").create_key()["KeyMetadata"]["KeyId"]


def holding(root, marker):
    """The files that hold these bytes at any offset."""
    found = []
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            # Sparse files of many GiB hold few bytes: read only what is there.
            if any(marker in piece for piece in stored_pieces(path)):
                found.append(path)
    return found


def stored_pieces(path, overlap=64):
    size = path.stat().st_size
    with open(path, "rb") as file:
        position = 0
        while position < size:
            try:
                start = os.lseek(file.fileno(), position, os.SEEK_DATA)
            except OSError:
                return
            end = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            tail = b""
            file.seek(start)
            while start < end:
                piece = file.read(min(1 << 22, end - start))
                yield tail + piece
                tail = piece[-overlap:]
                start += len(piece)
            position = end


def write_everywhere(uri, marker):
    """The marker at every kind of place: aligned, odd, across units, over holes, twice at one place, beside trimmed units."""
    with Client(uri) as device:
        for offset in (0, 4096, 5000, 8190, 100_001, 1 << 20, (1 << 30) - len(marker)):
            device.write(offset, marker)
        device.write(1 << 22, marker * 4096)
        device.flush()
        device.write(1 << 22, marker * 100)
        device.trim(5 << 20, 1 << 20)
        device.zeroes((1 << 22) + 64 * 1024, 4096)
        device.flush()
        assert device.read(5000, len(marker)) == marker


def test_an_encrypted_volume_leaves_no_plaintext_anywhere(bench):
    marker = secrets.token_bytes(32)
    made = bench.volume(encrypted=True)
    uri = bench.attach(made)
    write_everywhere(uri, marker)
    assert holding(bench.server.root, marker) == []
    detach(bench.ec2, made)
    assert holding(bench.server.root, marker) == []
    uri = bench.attach(made)
    with Client(uri) as device:
        assert device.read(0, 32) == marker
    assert holding(bench.server.root, marker) == []
    detach(bench.ec2, made)


def test_the_search_finds_the_marker_of_an_unencrypted_volume(bench):
    marker = secrets.token_bytes(32)
    made = bench.volume(encrypted=False)
    write_everywhere(bench.attach(made), marker)
    found = holding(bench.server.data, marker)
    assert found and all(made in str(path) for path in found)
    detach(bench.ec2, made)


def test_a_repeated_plaintext_shows_no_pattern(bench):
    made = bench.volume(encrypted=True)
    with Client(bench.attach(made)) as device:
        device.write(0, b"A" * (1 << 20))
        device.flush()
    detach(bench.ec2, made)
    stored = Stored(bench.server.data, made)
    units = [stored.unit(n) for n in range(256)]
    assert len(set(units)) == 256, "each unit has a tweak of its own"


def data_key(bench, stored, volume_id):
    """Unwraps the key that the superblock holds, as anybody may who may call KMS."""
    kms = bench.server.client("kms")
    opened = kms.decrypt(CiphertextBlob=stored.wrapped_key, EncryptionContext={"aws:ebs:id": volume_id})
    assert opened["KeyId"] == stored.kms_key_arn
    assert len(opened["Plaintext"]) == 64
    return opened["Plaintext"]


def xts(key, unit, data):
    """The outside library's AES-256-XTS, tweak = unit number in little-endian."""
    tweak = unit.to_bytes(16, "little")
    decryptor = Cipher(algorithms.AES(key), modes.XTS(tweak)).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def test_an_outside_library_decrypts_what_is_stored(bench, key):
    made = bench.volume(KmsKeyId=key)
    content = {unit: secrets.token_bytes(UNIT) for unit in (0, 1, 7, 255, 256, 70_000, (1 << 30) // UNIT - 1)}
    with Client(bench.attach(made)) as device:
        for unit, data in content.items():
            device.write(unit * UNIT, data)
        device.write(3 * UNIT + 100, b"odd")
        device.flush()
    detach(bench.ec2, made)
    stored = Stored(bench.server.data, made)
    plain = data_key(bench, stored, made)
    for unit, data in content.items():
        assert stored.unit(unit) != data
        assert xts(plain, unit, stored.unit(unit)) == data, f"unit {unit}"
    expected = bytes(100) + b"odd" + bytes(UNIT - 103)
    assert xts(plain, 3, stored.unit(3)) == expected


def test_neither_the_plaintext_key_nor_another_volumes_key_is_stored(bench, key):
    first, second = bench.volume(KmsKeyId=key), bench.volume(KmsKeyId=key)
    keys = [data_key(bench, Stored(bench.server.data, one), one) for one in (first, second)]
    assert keys[0] != keys[1]
    bench.attach(first)
    for data_key_ in keys:
        for part in (data_key_, data_key_[:32], data_key_[32:]):
            assert holding(bench.server.root, part) == []
            assert holding(bench.server.root, part.hex().encode()) == []
    detach(bench.ec2, first)


def test_the_wrapped_key_opens_under_its_own_context_only(bench, key):
    made, other = bench.volume(KmsKeyId=key), bench.volume(KmsKeyId=key)
    stored = Stored(bench.server.data, made)
    kms = bench.server.client("kms")
    for context in ({"aws:ebs:id": other}, {}, {"aws:ebs:id": made, "more": "x"}):
        with refused("InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=stored.wrapped_key, EncryptionContext=context)


def test_under_the_aws_managed_key_only_ebs_may_decrypt(bench):
    made = bench.volume()
    stored = Stored(bench.server.data, made)
    with refused("AccessDeniedException"):
        bench.server.client("kms").decrypt(CiphertextBlob=stored.wrapped_key, EncryptionContext={"aws:ebs:id": made})


def test_key_material_is_stored_only_under_the_seal(bench):
    """What KMS keeps in the catalog opens nothing without the root key; the root key file is its owner's alone."""
    for path in bench.server.data.rglob("*"):
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            assert mode & 0o077 == 0, f"{path} may be read by others: {oct(mode)}"
    assert os.stat(bench.server.data).st_mode & 0o077 == 0


def test_memory_of_the_process_is_not_dumped(bench):
    pid = bench.server.process.pid
    limits = open(f"/proc/{pid}/limits").read()
    line = next(l for l in limits.splitlines() if l.startswith("Max core file size"))
    dumpable = os_dumpable(pid)
    assert line.split()[4] == "0" or not dumpable, "a core dump would hold plaintext keys"


def os_dumpable(pid):
    """A process that is not dumpable has root-owned entries in /proc that its own user may not follow."""
    try:
        flags = open(f"/proc/{pid}/coredump_filter").read()
    except PermissionError:
        return False
    # As root the owner tells nothing; the kernel's answer to ptrace does. Ask for the ownership change instead.
    return os.geteuid() == 0 and bool(flags) and os.stat(f"/proc/{pid}/environ").st_uid == os.geteuid()
