//! GetCallerIdentity: account, ARN and user id of the caller. Needs no permission. Source: STS API Reference.

use api::{Action, Answer, Cx};
use wire::generated::sts::{GetCallerIdentity as Op, GetCallerIdentityInput, GetCallerIdentityOutput};

pub struct GetCallerIdentity;

impl Action for GetCallerIdentity {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "sts:GetCallerIdentity";

    fn authorise(_cx: &mut Cx, _input: &GetCallerIdentityInput) -> Answer<()> {
        Ok(())
    }

    fn handle(cx: &mut Cx, _input: GetCallerIdentityInput) -> Answer<GetCallerIdentityOutput> {
        Ok(GetCallerIdentityOutput {
            account: Some(cx.account().to_string()),
            arn: Some(cx.caller.arn()),
            user_id: Some(cx.account().to_string()),
        })
    }
}
