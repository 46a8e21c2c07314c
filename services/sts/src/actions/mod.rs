//! One file per action, named as the action.

pub mod assume_role;
pub mod decode_authorization_message;
pub mod get_access_key_info;
pub mod get_caller_identity;
pub mod get_federation_token;
pub mod get_session_token;
#[cfg(test)]
mod others_tests;

use api::{Entry, entry};

/// The service's table of actions.
pub fn table() -> Vec<Entry> {
    vec![
        entry::<assume_role::AssumeRole>(),
        entry::<decode_authorization_message::DecodeAuthorizationMessage>(),
        entry::<get_access_key_info::GetAccessKeyInfo>(),
        entry::<get_caller_identity::GetCallerIdentity>(),
        entry::<get_federation_token::GetFederationToken>(),
        entry::<get_session_token::GetSessionToken>(),
    ]
}
