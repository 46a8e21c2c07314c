//! ModifyVolumeAttribute: whether I/O goes on by itself after data was found damaged (`AutoEnableIO`). Kept and shown; I/O to the
//! parts of a volume that are whole never stops here. Needs `ec2:ModifyVolumeAttribute` on the volume.
//! Source: EC2 API Reference, ModifyVolumeAttribute.

use crate::{find, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::ec2::{
    ModifyVolumeAttribute as Op, ModifyVolumeAttributeInput, ModifyVolumeAttributeOutput,
};

pub struct ModifyVolumeAttribute;

impl Action for ModifyVolumeAttribute {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:ModifyVolumeAttribute";
    const KEYS: &'static [&'static str] = touched::keys::VOLUME_ATTRIBUTE;

    fn check(input: &ModifyVolumeAttributeInput) -> Result<(), Refusal> {
        find::check_volume_id(&input.volume_id)?;
        wanted(input).map(drop)
    }

    fn touches(cx: &mut Cx, input: &ModifyVolumeAttributeInput) -> Answer<Vec<Touched>> {
        let mut volume = touched::volume::existing(cx, &input.volume_id)?;
        let value = wanted(input).ok().map(|on| on.to_string());
        touched::attributes(&mut volume.keys, &[("AutoEnableIO", value)]);
        Ok(vec![volume])
    }

    fn handle(cx: &mut Cx, input: ModifyVolumeAttributeInput) -> Answer<ModifyVolumeAttributeOutput> {
        find::touch_volume(cx, &input.volume_id);
        let mut row = find::volume(cx, &input.volume_id)?;
        row.auto_enable_io = wanted(&input)?;
        cx.tx.put(&row)?;
        Ok(ModifyVolumeAttributeOutput::default())
    }
}

fn wanted(input: &ModifyVolumeAttributeInput) -> Result<bool, Refusal> {
    input
        .auto_enable_io
        .as_ref()
        .and_then(|a| a.value)
        .ok_or_else(|| Refusal::new("InvalidParameterCombination", "No attributes specified."))
}

#[cfg(test)]
#[path = "volume_attribute_tests.rs"]
mod tests;
