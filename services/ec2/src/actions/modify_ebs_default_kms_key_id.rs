//! ModifyEbsDefaultKmsKeyId: from now on what names no key of its own is encrypted under this one. Every form of a name is taken; the
//! answer, and what later requests are made with, is the key's ARN, so an alias that moves later changes nothing. A key that can be
//! known never to work is refused at once (`rules::encryption::choices::DEFAULT_KEY_CHECKED_AT_ONCE`); permissions show at use.
//! Needs `ec2:ModifyEbsDefaultKmsKeyId`. Source: EC2 API Reference, ModifyEbsDefaultKmsKeyId.

use crate::{defaults, key_facts, touched};
use api::{Action, Answer, Cx, Touched};
use wire::generated::ec2::{
    ModifyEbsDefaultKmsKeyId as Op, ModifyEbsDefaultKmsKeyIdInput, ModifyEbsDefaultKmsKeyIdOutput,
};

pub struct ModifyEbsDefaultKmsKeyId;

impl Action for ModifyEbsDefaultKmsKeyId {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:ModifyEbsDefaultKmsKeyId";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn touches(cx: &mut Cx, _input: &ModifyEbsDefaultKmsKeyIdInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(cx: &mut Cx, input: ModifyEbsDefaultKmsKeyIdInput) -> Answer<ModifyEbsDefaultKmsKeyIdOutput> {
        key_facts::check(cx, &input.kms_key_id, rules::defaults::may_be_default)?;
        let arn = kms::names::shown_arn(cx, &input.kms_key_id)?;
        defaults::change(cx, |settings| settings.default_key = Some(arn.clone()))?;
        Ok(ModifyEbsDefaultKmsKeyIdOutput { kms_key_id: Some(arn) })
    }
}

#[cfg(test)]
#[path = "ebs_default_kms_key_id_tests.rs"]
mod tests;
