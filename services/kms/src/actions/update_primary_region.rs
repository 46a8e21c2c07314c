//! UpdatePrimaryRegion: a replica of a multi-Region key becomes the primary, and the primary a replica. Both must be enabled.
//!
//! Called in the primary's Region. Needs `kms:UpdatePrimaryRegion` on both keys. AWS shows both as `Updating` for some seconds;
//! here the change is made with the answer. Source: KMS API Reference, UpdatePrimaryRegion.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::multi_region;
use crate::rows::Key;
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::key_state::KeyOperation;
use wire::generated::kms::{UpdatePrimaryRegion as Op, UpdatePrimaryRegionInput, UpdatePrimaryRegionOutput};

const NAME: &str = "UpdatePrimaryRegion";

pub struct UpdatePrimaryRegion;

impl Action for UpdatePrimaryRegion {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:UpdatePrimaryRegion";
    const KEYS: &'static [&'static str] = &["kms:PrimaryRegion"];

    fn check(input: &UpdatePrimaryRegionInput) -> Result<(), Refusal> {
        multi_region::region(&input.primary_region).map(|_| ())
    }

    fn authorise(cx: &mut Cx, input: &UpdatePrimaryRegionInput) -> Answer<()> {
        let asks = Asks::nothing().with("kms:PrimaryRegion", &input.primary_region);
        let primary = access::key(cx, &input.key_id, Accepts::Key, NAME, &asks)?;
        let region = multi_region::region(&input.primary_region)?;
        if primary.multi_region
            && region != primary.region
            && let Some(next) = multi_region::member(cx.tx, &primary, &region)?
        {
            access::to_key(cx, &next, NAME, &asks)?;
        }
        Ok(())
    }

    fn handle(cx: &mut Cx, input: UpdatePrimaryRegionInput) -> Answer<UpdatePrimaryRegionOutput> {
        let primary = find::key(cx, &input.key_id, Accepts::Key)?;
        let family = multi_region::of_primary(cx.tx, &primary)?;
        primary.check(KeyOperation::UpdatePrimaryRegion)?;
        let region = multi_region::region(&input.primary_region)?;
        if region == primary.region {
            let message = format!("{} is already the primary key in {region}.", primary.arn());
            return Err(Refusal::new("UnsupportedOperationException", message).into());
        }
        let now = cx.now();
        let found = multi_region::member(cx.tx, &primary, &region)?.and_then(|key| key.as_of(now));
        let next = found.ok_or_else(|| {
            let arn = Key { region, ..primary.clone() }.arn();
            find::not_found(format!("Key '{arn}' does not exist"))
        })?;
        next.check(KeyOperation::UpdatePrimaryRegion)?;
        multi_region::move_primary(cx.tx, primary, family, next)?;
        Ok(UpdatePrimaryRegionOutput {})
    }
}

#[cfg(test)]
#[path = "update_primary_region_tests.rs"]
mod tests;
