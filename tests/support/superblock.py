"""Reads what a volume has stored, from its published layout (crates/volume/src/superblock.rs), without any of its code."""

import struct

SLOT, UNIT, SEGMENT = 16384, 4096, 1 << 40


def crc32c(data):
    """Castagnoli's CRC, bit by bit: slow and independent."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class Stored:
    """A volume's files below a data directory."""

    def __init__(self, data, volume_id):
        heads = [p for p in data.rglob("superblock") if p.parent.name == volume_id]
        assert len(heads) == 1, heads
        self.folder = heads[0].parent
        raw = heads[0].read_bytes()
        assert len(raw) == 2 * SLOT
        slots = [s for s in (self._slot(raw[:SLOT]), self._slot(raw[SLOT:])) if s]
        assert slots, "no slot of the superblock is whole"
        best = max(slots, key=lambda s: s["generation"])
        assert best["volume_id"] == volume_id
        self.size = best["size"]
        self.encrypted = best["encrypted"]
        self.context_id = best["context_id"]
        self.kms_key_arn = best["kms_key_arn"]
        self.wrapped_key = best["wrapped_key"]

    @staticmethod
    def _slot(raw):
        if raw[:8] != b"SEALVOL\0":
            return None
        version, checksum, generation, size, unit, flags, segment = struct.unpack_from("<IIQQIIQ", raw, 8)
        assert (version, unit, segment) == (1, UNIT, SEGMENT)
        if crc32c(raw[:12] + bytes(4) + raw[16:]) != checksum:
            return None
        lengths = struct.unpack_from("<7H", raw, 52)
        texts, at = [], 72
        for length in lengths:
            texts.append(raw[at : at + length])
            at += length
        assert not any(raw[at:]), "nothing hides behind the texts"
        return {
            "generation": generation,
            "size": size,
            "encrypted": bool(flags & 1),
            "volume_id": texts[0].decode(),
            "context_id": texts[1].decode(),
            "kms_key_arn": texts[2].decode(),
            "wrapped_key": texts[3],
        }

    def unit(self, number):
        """The stored bytes of a unit."""
        offset = number * UNIT
        with open(self.folder / f"data.{offset // SEGMENT:04}", "rb") as file:
            file.seek(offset % SEGMENT)
            return file.read(UNIT)
