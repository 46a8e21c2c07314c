//! DescribeVolumeAttribute: `autoEnableIO` as ModifyVolumeAttribute set it, or `productCodes`, of which no volume here has any.
//! Needs `ec2:DescribeVolumeAttribute` on the volume. Source: EC2 API Reference, DescribeVolumeAttribute.

use crate::{find, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::ec2::{
    AttributeBooleanValue, DescribeVolumeAttribute as Op, DescribeVolumeAttributeInput,
    DescribeVolumeAttributeOutput,
};

const AUTO_ENABLE_IO: &str = "autoEnableIO";
const PRODUCT_CODES: &str = "productCodes";

pub struct DescribeVolumeAttribute;

impl Action for DescribeVolumeAttribute {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:DescribeVolumeAttribute";
    const KEYS: &'static [&'static str] = touched::keys::VOLUME_ATTRIBUTE;

    fn check(input: &DescribeVolumeAttributeInput) -> Result<(), Refusal> {
        find::check_volume_id(&input.volume_id)?;
        if [AUTO_ENABLE_IO, PRODUCT_CODES].contains(&input.attribute.as_str()) {
            return Ok(());
        }
        Err(Refusal::new(
            "InvalidParameterValue",
            format!("Value ({}) for parameter attribute is invalid. Unknown attribute.", input.attribute),
        ))
    }

    fn touches(cx: &mut Cx, input: &DescribeVolumeAttributeInput) -> Answer<Vec<Touched>> {
        let mut volume = touched::volume::existing(cx, &input.volume_id)?;
        touched::attributes(&mut volume.keys, &[(&input.attribute, None)]);
        Ok(vec![volume])
    }

    fn handle(cx: &mut Cx, input: DescribeVolumeAttributeInput) -> Answer<DescribeVolumeAttributeOutput> {
        let row = find::volume(cx, &input.volume_id)?;
        let auto = input.attribute == AUTO_ENABLE_IO;
        Ok(DescribeVolumeAttributeOutput {
            volume_id: Some(row.id),
            auto_enable_io: auto.then_some(AttributeBooleanValue { value: Some(row.auto_enable_io) }),
            product_codes: (!auto).then(Vec::new),
        })
    }
}
