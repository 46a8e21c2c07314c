//! DisableEbsEncryptionByDefault: the account's requests in this Region decide again for themselves. The default key stays chosen.
//! Needs `ec2:DisableEbsEncryptionByDefault`. Source: EC2 API Reference, DisableEbsEncryptionByDefault.

use crate::{defaults, touched};
use api::{Action, Answer, Cx, Touched};
use wire::generated::ec2::{
    DisableEbsEncryptionByDefault as Op, DisableEbsEncryptionByDefaultInput,
    DisableEbsEncryptionByDefaultOutput,
};

pub struct DisableEbsEncryptionByDefault;

impl Action for DisableEbsEncryptionByDefault {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:DisableEbsEncryptionByDefault";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn touches(cx: &mut Cx, _input: &DisableEbsEncryptionByDefaultInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(
        cx: &mut Cx,
        _input: DisableEbsEncryptionByDefaultInput,
    ) -> Answer<DisableEbsEncryptionByDefaultOutput> {
        defaults::change(cx, |settings| settings.encryption_by_default = false)?;
        Ok(DisableEbsEncryptionByDefaultOutput { ebs_encryption_by_default: Some(false) })
    }
}
