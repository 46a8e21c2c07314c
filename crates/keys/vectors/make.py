#!/usr/bin/env python3
"""Writes ciphertext-blob.jsonl: an implementation of the blob format (src/wrap.rs) that shares no code with ours.

Needs the `cryptography` package. Same output every time. Run: python3 make.py > ciphertext-blob.jsonl
"""

import hashlib
import hmac
import json
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = "1234abcd-12ab-34cd-56ef-1234567890ac"
MATERIAL = bytes(range(32))
SALT = bytes(range(0x40, 0x50))
NONCE = bytes(range(0x60, 0x6C))
CONTEXT = {"aws:ebs:id": "vol-0123456789abcdef0"}


def hkdf(key, salt, info):
    """RFC 5869 with SHA-256, one block of output."""
    pseudo_random_key = hmac.new(salt, key, hashlib.sha256).digest()
    return hmac.new(pseudo_random_key, info + b"\x01", hashlib.sha256).digest()


def material_id(key_id, material):
    return hkdf(material, key_id.encode(), b"sealvol key-material id v1")


def encode_context(context):
    # Sorted by bytes, as Rust sorts strings.
    pairs = sorted((n.encode(), v.encode()) for n, v in context.items())
    out = struct.pack(">I", len(pairs))
    for pair in pairs:
        for text in pair:
            out += struct.pack(">I", len(text)) + text
    return out


def blob(plaintext=b"a plaintext", key_id=KEY, material=MATERIAL, context=CONTEXT, magic=b"SVB\x01", named=None,
         length=None, domain=b"sealvol ciphertext blob v1"):
    id_bytes = key_id if isinstance(key_id, bytes) else key_id.encode()
    named = named or material_id(KEY if isinstance(key_id, bytes) else key_id, material)
    header = magic + bytes([len(id_bytes) if length is None else length]) + id_bytes + named + SALT + NONCE
    message_key = hkdf(material, SALT, domain)
    return header + AESGCM(message_key).encrypt(NONCE, plaintext, header + encode_context(context))


def flip(data, at, bit=1):
    data = bytearray(data)
    data[at] ^= bit
    return bytes(data)


def case(name, expect, data, context=CONTEXT, material=MATERIAL, plaintext=None):
    line = {"name": name, "expect": expect, "material": material.hex(), "context": context, "blob": data.hex()}
    if plaintext is not None:
        line["plaintext"] = plaintext.hex()
    print(json.dumps(line, ensure_ascii=False))


def good(name, plaintext=b"a plaintext", **options):
    context = options.get("context", CONTEXT)
    case(name, "opens", blob(plaintext, **options), context, options.get("material", MATERIAL), plaintext)


def bad(name, data, **options):
    case(name, "refused", data, **options)


good("one pair")
good("no pairs", context={})
good("empty name and value", context={"": ""})
good("several pairs in another order", context={"b": "2", "a": "1", "B": "3"})
good("text beyond ASCII", context={"Schlüssel": "значение", "鍵": "🔑"})
good("one byte", b"\x00")
good("a data key", bytes(range(64)))
good("the longest plaintext", bytes(4096))
good("a multi-Region key id", key_id="mrk-0123456789abcdef0123456789abcdef")
good("the longest key id", key_id="a" * 64)
good("material longer than a hash block", material=bytes(200))

whole = blob()
n = len(KEY)
fields = {"magic": 0, "version": 3, "key id length": 4, "key id": 5, "material id": 5 + n, "salt": 37 + n, "nonce": 53 + n,
          "ciphertext": 65 + n, "tag": len(whole) - 16}
for name, at in fields.items():
    bad(f"cut before {name}", whole[:at])
    bad(f"first bit of {name} flipped", flip(whole, at, 0x80))
    bad(f"last bit of {name} flipped", flip(whole, at, 0x01))
bad("empty", b"")
bad("last byte missing", whole[:-1])
bad("last byte flipped", flip(whole, len(whole) - 1))
bad("one byte more", whole + b"\x00")
bad("one byte before", b"\x00" + whole)
bad("twice", whole + whole)
bad("only zeros", bytes(200))
bad("another version, else right", blob(magic=b"SVB\x02"))
bad("another magic, else right", blob(magic=b"SVS\x01"))
bad("another domain", blob(domain=b"sealvol seal v1"))
bad("empty plaintext", blob(b""))
bad("plaintext over the limit", blob(bytes(4097)))
bad("empty key id", blob(key_id=b""))
bad("key id over the limit", blob(key_id=b"a" * 65))
bad("key id in capitals", blob(key_id=KEY.upper().encode()))
bad("key id with a slash", blob(key_id=b"../../seal"))
bad("key id with a quote", blob(key_id=b"' or 1=1 --"))
bad("key id with a newline", blob(key_id=b"a\nb"))
bad("key id not UTF-8", blob(key_id=b"\xff\xfe"))
bad("key id length one short", blob(length=n - 1))
bad("key id length one over", blob(length=n + 1))
bad("key id length beyond the end", blob(length=255))
bad("key id of another key", blob(key_id=OTHER_KEY, named=material_id(KEY, MATERIAL)))
bad("material id of another material, tag right", blob(named=material_id(KEY, bytes(32))))
bad("material id of zeros, tag right", blob(named=bytes(32)))
bad("other material", whole, material=bytes(range(1, 33)))
bad("material of zeros", whole, material=bytes(32))
bad("material one byte longer", whole, material=MATERIAL + b"\x00")
for name, context in {
    "context missing": {},
    "context value differs": {"aws:ebs:id": "vol-0123456789abcdef1"},
    "context value in capitals": {"aws:ebs:id": "VOL-0123456789ABCDEF0"},
    "context name in capitals": {"AWS:EBS:ID": "vol-0123456789abcdef0"},
    "context value empty": {"aws:ebs:id": ""},
    "context with one pair more": {**CONTEXT, "a": "b"},
    "context with an empty pair more": {**CONTEXT, "": ""},
    "context with name and value exchanged": {"vol-0123456789abcdef0": "aws:ebs:id"},
    "context with a space": {"aws:ebs:id": "vol-0123456789abcdef0 "},
}.items():
    bad(name, whole, context=context)
bad("context cut elsewhere", blob(context={"ab": "c"}), context={"a": "bc"})
bad("context with pairs joined", blob(context={"a": "b", "c": "d"}), context={"a": "bcd"})
bad("context expected empty", blob(context={}), context=CONTEXT)
bad("context composed differently", blob(context={"é": "x"}), context={"e\u0301": "x"})
