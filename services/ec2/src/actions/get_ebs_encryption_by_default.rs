//! GetEbsEncryptionByDefault: is encryption by default on in this Region? `SseType` is reserved by EC2; `sse-kms` says that it is on.
//! Needs `ec2:GetEbsEncryptionByDefault`. Source: EC2 API Reference, GetEbsEncryptionByDefault.

use crate::{defaults, touched};
use api::{Action, Answer, Cx, Touched};
use wire::generated::ec2::{
    GetEbsEncryptionByDefault as Op, GetEbsEncryptionByDefaultInput, GetEbsEncryptionByDefaultOutput,
};

pub struct GetEbsEncryptionByDefault;

impl Action for GetEbsEncryptionByDefault {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:GetEbsEncryptionByDefault";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn touches(cx: &mut Cx, _input: &GetEbsEncryptionByDefaultInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(
        cx: &mut Cx,
        _input: GetEbsEncryptionByDefaultInput,
    ) -> Answer<GetEbsEncryptionByDefaultOutput> {
        let on = defaults::defaults(cx)?.by_default;
        Ok(GetEbsEncryptionByDefaultOutput {
            ebs_encryption_by_default: Some(on),
            sse_type: Some(rules::defaults::sse_type(on).to_owned()),
        })
    }
}

#[cfg(test)]
#[path = "ebs_encryption_by_default_tests.rs"]
mod tests;
