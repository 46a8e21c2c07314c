//! Makes temporary credentials: an access key, a secret that is stored sealed, and a session token of which only the hash is
//! stored.

use api::identity::TemporaryCredential;
use api::{Answer, Cx, Principal, Session};
use aws_lc_rs::digest;
use base::{AccountId, Fault, Refusal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use keys::{Purpose, SealHandle};
use wire::generated::sts::Credentials;

/// Says of which form the rest is.
const VERSION: &str = "SVT1";
/// Random bytes of a token: 300 characters, as long as AWS's shorter ones, so that no client counts on less.
const TOKEN_BYTES: usize = 225;
/// Longest token that a client may ask for.
const TOKEN_CHARS_MAX: usize = 4096;

/// New credentials, and how long their token is.
pub struct Issued {
    pub credentials: Credentials,
    pub token_chars: i32,
}

/// MinimumSessionTokenSize in its range.
pub fn check_token_size(asked: Option<i32>) -> Result<(), Refusal> {
    match asked {
        Some(size) if !(0..=TOKEN_CHARS_MAX as i32).contains(&size) => Err(crate::validate::constraint(
            "minimumSessionTokenSize",
            &size.to_string(),
            format_args!("have value between 0 and {TOKEN_CHARS_MAX}"),
        )),
        _ => Ok(()),
    }
}

/// Stores a session and tells its credentials, this once.
pub fn issue(
    cx: &mut Cx,
    account: &AccountId,
    principal: Principal,
    session: Session,
    token_chars_min: Option<i32>,
) -> Answer<Issued> {
    let access_key_id = format!("ASIA{}", cx.door.env.ids.base32(16));
    let secret = keys::secret_access_key(&*cx.door.env.entropy).map_err(sealing)?;
    let seal = cx.dependency::<SealHandle>()?;
    let sealed_secret = seal.0.wrap(Purpose::AccessKeySecret, &access_key_id, &secret).map_err(sealing)?;
    let token = token(cx, usize::try_from(token_chars_min.unwrap_or(0)).unwrap_or(0));
    let expires = session.expires;
    cx.tx.put(&TemporaryCredential {
        access_key_id: access_key_id.clone(),
        account: account.clone(),
        principal,
        session,
        sealed_secret,
        token_digest: hex::encode(digest::digest(&digest::SHA256, token.as_bytes())),
    })?;
    let shown = String::from_utf8(secret.expose().to_vec())
        .map_err(|e| Fault::caused("showing a secret access key", e.utf8_error()))?;
    let token_chars = i32::try_from(token.len()).unwrap_or(i32::MAX);
    let credentials = Credentials {
        access_key_id: Some(access_key_id),
        secret_access_key: Some(shown),
        session_token: Some(token),
        expiration: Some(expires),
    };
    Ok(Issued { credentials, token_chars })
}

fn token(cx: &Cx, chars_min: usize) -> String {
    let bytes = TOKEN_BYTES.max(chars_min.min(TOKEN_CHARS_MAX).div_ceil(4) * 3);
    let mut random = vec![0; bytes];
    cx.door.env.entropy.fill(&mut random);
    format!("{VERSION}{}", STANDARD_NO_PAD.encode(random))
}

fn sealing(error: keys::KeysError) -> Fault {
    Fault::caused("sealing a temporary secret access key", error)
}
