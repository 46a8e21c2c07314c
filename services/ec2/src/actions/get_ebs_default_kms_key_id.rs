//! GetEbsDefaultKmsKeyId: `alias/aws/ebs` while the account never chose (recorded of AWS), else the ARN of its default key.
//! Needs `ec2:GetEbsDefaultKmsKeyId`. Source: EC2 API Reference, GetEbsDefaultKmsKeyId.

use crate::{defaults, touched};
use api::{Action, Answer, Cx, Touched};
use wire::generated::ec2::{
    GetEbsDefaultKmsKeyId as Op, GetEbsDefaultKmsKeyIdInput, GetEbsDefaultKmsKeyIdOutput,
};

pub struct GetEbsDefaultKmsKeyId;

impl Action for GetEbsDefaultKmsKeyId {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:GetEbsDefaultKmsKeyId";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn touches(cx: &mut Cx, _input: &GetEbsDefaultKmsKeyIdInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(cx: &mut Cx, _input: GetEbsDefaultKmsKeyIdInput) -> Answer<GetEbsDefaultKmsKeyIdOutput> {
        Ok(GetEbsDefaultKmsKeyIdOutput { kms_key_id: Some(defaults::defaults(cx)?.default_key) })
    }
}
