//! CreateAccount (Sealvol's own): a new account and credentials of its root. `sealvol account create` calls it.
//! Needs `sealvol:CreateAccount`; only for the operator's account.

use super::only_operator;
use crate::accounts;
use api::identity::AccessKey;
use api::{Action, Answer, Cx};
use base::Fault;
use keys::{Purpose, SealHandle};
use wire::generated::sealvol::{CreateAccount as Op, CreateAccountInput, CreateAccountOutput};

pub struct CreateAccount;

impl Action for CreateAccount {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "sealvol:CreateAccount";

    fn handle(cx: &mut Cx, input: CreateAccountInput) -> Answer<CreateAccountOutput> {
        only_operator(cx)?;
        let account = accounts::make(cx, &input.name, input.email.as_deref().unwrap_or_default())?;
        let sealing = |e| Fault::caused("sealing the secret of an access key", e);
        let secret = keys::secret_access_key(&*cx.door.env.entropy).map_err(sealing)?;
        let id = format!("AKIA{}", cx.door.env.ids.base32(16));
        let seal = cx.dependency::<SealHandle>()?;
        let key = AccessKey {
            account: account.id.clone(),
            user: None,
            inactive: false,
            created: cx.now(),
            sealed_secret: seal.0.wrap(Purpose::AccessKeySecret, &id, &secret).map_err(sealing)?,
            id,
        };
        cx.tx.put(&key)?;
        Ok(CreateAccountOutput {
            account_id: Some(account.id.to_string()),
            access_key_id: Some(key.id),
            // The one moment at which it leaves the seal; the caller's answer is the only copy.
            secret_access_key: Some(String::from_utf8_lossy(secret.expose()).into_owned()),
        })
    }
}
