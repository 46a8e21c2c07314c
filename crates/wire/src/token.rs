//! Pagination tokens that cannot be forged. A token carries a cursor (where the next page starts) and a tag over
//! the cursor and its scope, so a token made for one account, Region or operation opens nowhere else.
//!
//! ```text
//! url-safe base64, no padding, of
//! +---------+--------------------------------------+---------------+
//! | version | HMAC-SHA-256 tag                     | cursor, UTF-8 |
//! | 1 byte  | 32 bytes                             | rest          |
//! +---------+--------------------------------------+---------------+
//! tag over: version | length of scope, 8 bytes big-endian | scope | cursor
//! ```
//! The scope is not in the token: the opener states it. Its length is in the tag so that no scope and cursor can be
//! cut elsewhere to give the same bytes. The cursor is authentic but readable: it is a resource id or a row number
//! that the caller has just been shown.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroize;

const VERSION: u8 = 1;
const TAG_BYTES: usize = 32;

/// Longest token that is looked at: a longer one is not ours.
const TOKEN_BYTES_MAX: usize = 4096;

/// The key that authenticates tokens. Draw it at random, per installation.
pub struct TokenKey([u8; 32]);

impl TokenKey {
    pub fn new(bytes: [u8; 32]) -> Self {
        TokenKey(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }
}

impl Drop for TokenKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A token for `cursor`, valid only for `scope` (account, Region and operation, joined by slashes).
pub fn seal(key: &TokenKey, scope: &str, cursor: &str) -> String {
    let tag = hmac::sign(&key.key(), &covered(scope, cursor.as_bytes()));
    let mut raw = Vec::with_capacity(1 + TAG_BYTES + cursor.len());
    raw.push(VERSION);
    raw.extend_from_slice(tag.as_ref());
    raw.extend_from_slice(cursor.as_bytes());
    URL_SAFE_NO_PAD.encode(raw)
}

/// The cursor of a token made by [`seal`] under the same key and scope. `Err(())` for anything else; it does not say
/// why, because the only honest cause is a token from another call, and the rest is forgery. The comparison takes
/// the same time wherever the tags differ.
#[allow(clippy::result_unit_err)] // one cause, nothing to tell: see above
pub fn open(key: &TokenKey, scope: &str, token: &str) -> Result<String, ()> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(());
    }
    let raw = URL_SAFE_NO_PAD.decode(token).map_err(|_| ())?;
    let (version, rest) = raw.split_first().ok_or(())?;
    if *version != VERSION || rest.len() < TAG_BYTES {
        return Err(());
    }
    let (tag, cursor) = rest.split_at(TAG_BYTES);
    hmac::verify(&key.key(), &covered(scope, cursor), tag).map_err(|_| ())?;
    String::from_utf8(cursor.to_vec()).map_err(|_| ())
}

fn covered(scope: &str, cursor: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(9 + scope.len() + cursor.len());
    text.push(VERSION);
    text.extend_from_slice(&(scope.len() as u64).to_be_bytes());
    text.extend_from_slice(scope.as_bytes());
    text.extend_from_slice(cursor);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> TokenKey {
        TokenKey::new([7; 32])
    }

    #[test]
    fn a_token_opens_only_where_it_was_made() {
        let token = seal(&key(), "111122223333/us-east-1/DescribeVolumes", "vol-1");
        assert_eq!(open(&key(), "111122223333/us-east-1/DescribeVolumes", &token).as_deref(), Ok("vol-1"));
        for scope in [
            "444455556666/us-east-1/DescribeVolumes",
            "111122223333/us-west-2/DescribeVolumes",
            "111122223333/us-east-1/DescribeTags",
            "111122223333/us-east-1/DescribeVolumesvol-",
            "",
        ] {
            assert_eq!(open(&key(), scope, &token), Err(()), "{scope}");
        }
        assert_eq!(open(&TokenKey::new([8; 32]), "111122223333/us-east-1/DescribeVolumes", &token), Err(()));
    }

    #[test]
    fn scope_and_cursor_cannot_be_cut_elsewhere() {
        // Without the length in the tag these two would cover the same bytes.
        let token = seal(&key(), "ab", "cd");
        let raw = URL_SAFE_NO_PAD.decode(&token).unwrap();
        let moved = [&raw[..33], b"bcd".as_slice()].concat();
        assert_eq!(open(&key(), "a", &URL_SAFE_NO_PAD.encode(moved)), Err(()));
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in ["", "AQ", "vol-1", "====", "é", &"A".repeat(TOKEN_BYTES_MAX + 1)] {
            assert_eq!(open(&key(), "s", bad), Err(()));
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(scope in ".{0,40}", cursor in ".{0,60}") {
            prop_assert_eq!(open(&key(), &scope, &seal(&key(), &scope, &cursor)), Ok(cursor));
        }

        #[test]
        fn any_flipped_bit_is_refused(cursor in ".{0,30}", at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let mut raw = URL_SAFE_NO_PAD.decode(seal(&key(), "s", &cursor)).unwrap();
            let at = at.index(raw.len());
            raw[at] ^= 1 << bit;
            prop_assert_eq!(open(&key(), "s", &URL_SAFE_NO_PAD.encode(raw)), Err(()));
        }

        #[test]
        fn any_changed_character_is_refused(cursor in ".{0,30}", at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_=+-]") {
            let token = seal(&key(), "s", &cursor);
            let at = at.index(token.len());
            let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
            prop_assume!(changed != token);
            prop_assert_eq!(open(&key(), "s", &changed), Err(()));
        }
    }
}
