//! ResetEbsDefaultKmsKeyId: the default EBS key is `alias/aws/ebs` again. Needs `ec2:ResetEbsDefaultKmsKeyId`.
//! Source: EC2 API Reference, ResetEbsDefaultKmsKeyId.

use crate::{defaults, touched};
use api::{Action, Answer, Cx, Touched};
use wire::generated::ec2::{
    ResetEbsDefaultKmsKeyId as Op, ResetEbsDefaultKmsKeyIdInput, ResetEbsDefaultKmsKeyIdOutput,
};

pub struct ResetEbsDefaultKmsKeyId;

impl Action for ResetEbsDefaultKmsKeyId {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:ResetEbsDefaultKmsKeyId";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn touches(cx: &mut Cx, _input: &ResetEbsDefaultKmsKeyIdInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(cx: &mut Cx, _input: ResetEbsDefaultKmsKeyIdInput) -> Answer<ResetEbsDefaultKmsKeyIdOutput> {
        defaults::change(cx, |settings| settings.default_key = None)?;
        Ok(ResetEbsDefaultKmsKeyIdOutput { kms_key_id: Some(rules::defaults::MANAGED_KEY.to_owned()) })
    }
}
