//! The two signing operations that the library's safe interface lacks: Ed25519 of a digest (Ed25519ph, RFC 8032, 5.1) and ML-DSA
//! of a message representative ("external mu", FIPS 204, 6.2). The only calls of this crate into `aws-lc-sys`.

use crate::{KeysError, Secret};
use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use aws_lc_sys as lc;
use std::ptr::{self, NonNull};

const ED25519_SEED_BYTES: usize = 32;
const ED25519_PRIVATE_BYTES: usize = 64;
const ED25519_SIGNATURE_BYTES: usize = 64;
const SHA_512_BYTES: usize = 64;

/// Signs a SHA-512 digest with an Ed25519 key (PKCS#8), with an empty context.
pub fn sign_ed25519ph(material: &Secret, digest: &[u8]) -> Result<Vec<u8>, KeysError> {
    let digest = sized::<SHA_512_BYTES>(digest)?;
    let failed = |_| KeysError::Library("sign");
    let pair = Ed25519KeyPair::from_pkcs8(material.expose()).map_err(|_| unreadable())?;
    let seed = pair.seed().map_err(failed)?.as_be_bytes().map_err(failed)?;
    // The library's private key: seed ‖ public key (curve25519.h).
    let private = Secret::filled_by(ED25519_PRIVATE_BYTES, |bytes| {
        let (first, second) = bytes.split_at_mut(ED25519_SEED_BYTES);
        let (seed, public) = (seed.as_ref(), pair.public_key().as_ref());
        if seed.len() != first.len() || public.len() != second.len() {
            return Err(unreadable());
        }
        first.copy_from_slice(seed);
        second.copy_from_slice(public);
        Ok(ED25519_PRIVATE_BYTES)
    })?;
    let mut signature = vec![0; ED25519_SIGNATURE_BYTES];
    // SAFETY: the signature has 64 bytes to write, digest and private key have the 64 each that are read; a context of length 0
    // is not read.
    let done = unsafe {
        lc::ED25519ph_sign_digest(
            signature.as_mut_ptr(),
            digest.as_ptr(),
            private.expose().as_ptr(),
            ptr::null(),
            0,
        )
    };
    if done == 1 { Ok(signature) } else { Err(KeysError::Library("sign")) }
}

/// Whether that is the key's signature of the digest.
pub fn verify_ed25519ph(material: &Secret, digest: &[u8], signature: &[u8]) -> Result<bool, KeysError> {
    let digest = sized::<SHA_512_BYTES>(digest)?;
    let pair = Ed25519KeyPair::from_pkcs8(material.expose()).map_err(|_| unreadable())?;
    let public = sized::<32>(pair.public_key().as_ref())?;
    let Ok(signature) = sized::<ED25519_SIGNATURE_BYTES>(signature) else { return Ok(false) };
    // SAFETY: all three have the lengths that are read (64, 64, 32); a context of length 0 is not read.
    let valid = unsafe {
        lc::ED25519ph_verify_digest(digest.as_ptr(), signature.as_ptr(), public.as_ptr(), ptr::null(), 0)
    };
    Ok(valid == 1)
}

/// Signs a message representative with an ML-DSA key (PKCS#8).
pub fn sign_external_mu(material: &Secret, mu: &[u8]) -> Result<Vec<u8>, KeysError> {
    let context = Context::of(material)?;
    let failed = || KeysError::Library("sign");
    let mut length = 0;
    // SAFETY: the context is live; without an output buffer only the length is written, to our own variable.
    let ready = unsafe {
        lc::EVP_PKEY_sign_init(context.0.as_ptr()) == 1
            && lc::EVP_PKEY_sign(context.0.as_ptr(), ptr::null_mut(), &mut length, mu.as_ptr(), mu.len()) == 1
    };
    if !ready {
        return Err(failed());
    }
    let mut signature = vec![0; length];
    // SAFETY: the buffer has `length` bytes, which the library honours; `mu` is read over its own length.
    let done = unsafe {
        lc::EVP_PKEY_sign(context.0.as_ptr(), signature.as_mut_ptr(), &mut length, mu.as_ptr(), mu.len())
    };
    signature.truncate(length);
    if done == 1 { Ok(signature) } else { Err(failed()) }
}

/// Whether that is the key's signature of the message representative.
pub fn verify_external_mu(material: &Secret, mu: &[u8], signature: &[u8]) -> Result<bool, KeysError> {
    let context = Context::of(material)?;
    // SAFETY: the context is live; signature and representative are read over their own lengths.
    unsafe {
        if lc::EVP_PKEY_verify_init(context.0.as_ptr()) != 1 {
            return Err(KeysError::Library("verify"));
        }
        let (signature_bytes, mu_bytes) = (signature.len(), mu.len());
        Ok(lc::EVP_PKEY_verify(
            context.0.as_ptr(),
            signature.as_ptr(),
            signature_bytes,
            mu.as_ptr(),
            mu_bytes,
        ) == 1)
    }
}

fn sized<const BYTES: usize>(bytes: &[u8]) -> Result<&[u8; BYTES], KeysError> {
    bytes.try_into().map_err(|_| KeysError::Length(bytes.len()))
}

fn unreadable() -> KeysError {
    KeysError::Library("read a private key")
}

/// One operation under a private key. Owns the library's context, which holds its own reference to the key.
struct Context(NonNull<lc::EVP_PKEY_CTX>);

impl Context {
    fn of(material: &Secret) -> Result<Context, KeysError> {
        let der = material.expose();
        // SAFETY: the reader is set up over `der`, which outlives it. What is made is checked for null before use; the context
        // takes a reference of its own, so that ours is given back here whether or not it was made.
        unsafe {
            let mut reader = std::mem::zeroed::<lc::CBS>();
            lc::CBS_init(&mut reader, der.as_ptr(), der.len());
            let key = NonNull::new(lc::EVP_parse_private_key(&mut reader)).ok_or_else(unreadable)?;
            let context = NonNull::new(lc::EVP_PKEY_CTX_new(key.as_ptr(), ptr::null_mut()));
            lc::EVP_PKEY_free(key.as_ptr());
            context.map(Context).ok_or_else(unreadable)
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: made by the library, owned by us alone, freed once.
        unsafe { lc::EVP_PKEY_CTX_free(self.0.as_ptr()) }
    }
}
