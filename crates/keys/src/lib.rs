//! KMS cryptography: the seal, key material, ciphertext blobs, secret memory.
