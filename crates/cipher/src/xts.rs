//! AES-256-XTS (IEEE 1619-2018, NIST SP 800-38E) by aws-lc's EVP functions. The only unsafe code of this crate.

use crate::{CipherError, DataUnit};
use aws_lc_sys as lc;
use std::ffi::c_int;
use std::ptr::{self, NonNull};

/// The 128-bit tweak of a data unit: its number from the start of the volume, little-endian (IEEE 1619-2018, 5.1).
/// Made from a [`DataUnit`] only, so that an offset or a number within a page cannot be passed by mistake.
#[derive(Clone, Copy)]
pub(crate) struct Tweak([u8; 16]);

impl Tweak {
    pub fn of(unit: DataUnit) -> Tweak {
        Tweak(u128::from(unit.0).to_le_bytes())
    }

    /// The tweak of a digest (see `UnitCipher::conceal_digest`): the highest bit is set, which no unit number reaches.
    pub fn of_digest(number: u64) -> Tweak {
        Tweak((1 << 127 | u128::from(number)).to_le_bytes())
    }

    #[cfg(test)]
    pub fn from_bytes(bytes: [u8; 16]) -> Tweak {
        Tweak(bytes)
    }

    #[cfg(test)]
    pub fn bytes(self) -> [u8; 16] {
        self.0
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Direction {
    Encrypt,
    Decrypt,
}

/// A keyed context. Making one expands the key (about a microsecond); changing the tweak costs next to nothing, so a
/// context is kept and only its tweak is set anew for every unit. The library wipes the expanded key when it frees it.
/// Known limit: until then the expanded key lies on the library's heap, which is kept out of core dumps (see
/// `env::harden_process`) but not locked against swapping as the data key itself is.
pub(crate) struct Xts(NonNull<lc::EVP_CIPHER_CTX>);

// SAFETY: the context is plain heap memory without ties to a thread; all use goes through `&mut self`.
unsafe impl Send for Xts {}

impl Xts {
    /// Refuses a key whose halves are equal (the library checks; `keys::DataKey` did before).
    pub fn new(key: &[u8; 64], direction: Direction) -> Result<Xts, CipherError> {
        let encrypt = match direction {
            Direction::Encrypt => 1,
            Direction::Decrypt => 0,
        };
        // SAFETY: no arguments; a null result is handled.
        let context = NonNull::new(unsafe { lc::EVP_CIPHER_CTX_new() });
        // From here on `Drop` frees it.
        let xts = Xts(context.ok_or(CipherError("no memory for a context"))?);
        // SAFETY: the context is live and ours; the cipher description is static; the key has the 64 bytes that this
        // cipher reads; a null engine and a null IV are allowed.
        let ok = unsafe {
            lc::EVP_CipherInit_ex(
                xts.0.as_ptr(),
                lc::EVP_aes_256_xts(),
                ptr::null_mut(),
                key.as_ptr(),
                ptr::null(),
                encrypt,
            )
        };
        if ok == 1 { Ok(xts) } else { Err(CipherError("the key was refused")) }
    }

    /// Encrypts or decrypts one data unit in place. XTS needs at least 16 bytes; the standard allows 2^24.
    pub fn apply(&mut self, tweak: Tweak, unit: &mut [u8]) -> Result<(), CipherError> {
        let to = unit.as_mut_ptr();
        // SAFETY: input and output are the same bytes.
        unsafe { self.run(tweak, to, to, unit.len()) }
    }

    /// The same from one place to another of the same length.
    pub fn apply_from(&mut self, tweak: Tweak, from: &[u8], to: &mut [u8]) -> Result<(), CipherError> {
        if from.len() != to.len() {
            return Err(CipherError("a data unit does not fit its place"));
        }
        // SAFETY: both have this length, and cannot overlap.
        unsafe { self.run(tweak, from.as_ptr(), to.as_mut_ptr(), to.len()) }
    }

    /// # Safety
    /// `from` must be readable and `to` writable for `len` bytes; they are the same address, or do not overlap.
    unsafe fn run(
        &mut self,
        tweak: Tweak,
        from: *const u8,
        to: *mut u8,
        len: usize,
    ) -> Result<(), CipherError> {
        let len = c_int::try_from(len).ok().filter(|len| (16..=1 << 24).contains(len));
        let len = len.ok_or(CipherError("a data unit has 16 bytes to 16 MiB"))?;
        let mut written: c_int = 0;
        // SAFETY: the context is live, keyed, and ours alone (`&mut self`). The tweak has the 16 bytes that an XTS IV
        // needs; nulls and -1 keep cipher, key and direction. Input and output are as the caller promises, which is what the
        // library allows; XTS writes exactly as many bytes as it reads.
        let ok = unsafe {
            lc::EVP_CipherInit_ex(
                self.0.as_ptr(),
                ptr::null(),
                ptr::null_mut(),
                ptr::null(),
                tweak.0.as_ptr(),
                -1,
            ) == 1
                && lc::EVP_CipherUpdate(self.0.as_ptr(), to, &raw mut written, from, len) == 1
        };
        if ok && written == len { Ok(()) } else { Err(CipherError("the library failed")) }
    }
}

impl Drop for Xts {
    fn drop(&mut self) {
        // SAFETY: the context came from EVP_CIPHER_CTX_new, is freed once, and is not used afterwards.
        unsafe { lc::EVP_CIPHER_CTX_free(self.0.as_ptr()) }
    }
}
