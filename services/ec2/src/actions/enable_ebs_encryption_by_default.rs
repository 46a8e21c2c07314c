//! EnableEbsEncryptionByDefault: from now on whatever the account makes in this Region is encrypted. What exists stays as it is.
//! Enabling twice is fine. Needs `ec2:EnableEbsEncryptionByDefault`. Source: EC2 API Reference, EnableEbsEncryptionByDefault.

use crate::{defaults, touched};
use api::{Action, Answer, Cx, Touched};
use wire::generated::ec2::{
    EnableEbsEncryptionByDefault as Op, EnableEbsEncryptionByDefaultInput, EnableEbsEncryptionByDefaultOutput,
};

pub struct EnableEbsEncryptionByDefault;

impl Action for EnableEbsEncryptionByDefault {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:EnableEbsEncryptionByDefault";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn touches(cx: &mut Cx, _input: &EnableEbsEncryptionByDefaultInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(
        cx: &mut Cx,
        _input: EnableEbsEncryptionByDefaultInput,
    ) -> Answer<EnableEbsEncryptionByDefaultOutput> {
        defaults::change(cx, |settings| settings.encryption_by_default = true)?;
        Ok(EnableEbsEncryptionByDefaultOutput { ebs_encryption_by_default: Some(true) })
    }
}
