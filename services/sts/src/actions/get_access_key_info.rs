//! GetAccessKeyInfo: whose account an access key is of, long-term or temporary, active or not.
//! Source: STS API Reference, GetAccessKeyInfo. (AWS reads the account out of the id itself; here the key must be known.)

use super::get_session_token::not_of_a_persons_session;
use crate::validate::word;
use api::identity::{AccessKey, TemporaryCredential};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::sts::{GetAccessKeyInfo as Op, GetAccessKeyInfoInput, GetAccessKeyInfoOutput};

pub struct GetAccessKeyInfo;

impl Action for GetAccessKeyInfo {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "sts:GetAccessKeyInfo";

    fn check(input: &GetAccessKeyInfoInput) -> Result<(), Refusal> {
        word("accessKeyId", &input.access_key_id, 16, 128, "")
    }

    fn authorise(cx: &mut Cx, _input: &GetAccessKeyInfoInput) -> Answer<()> {
        not_of_a_persons_session(&cx.caller, "GetAccessKeyInfo")?;
        cx.authorise(Self::IAM, &Touched::anything())
    }

    fn handle(cx: &mut Cx, input: GetAccessKeyInfoInput) -> Answer<GetAccessKeyInfoOutput> {
        let id = input.access_key_id.as_str();
        let account = match cx.tx.get::<AccessKey>(id)? {
            Some(key) => Some(key.account),
            None => cx.tx.get::<TemporaryCredential>(id)?.map(|session| session.account),
        };
        let account = account.ok_or_else(|| {
            Refusal::new("ValidationError", format!("Invalid access key id: {id}"))
                .because(format!("this server has no access key {id}"))
        })?;
        Ok(GetAccessKeyInfoOutput { account: Some(account.to_string()) })
    }
}
