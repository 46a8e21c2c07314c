//! For other services: whether a caller may do something with a key, without doing it and without a trail record.

use crate::access::{self, Asks};
use crate::find::{self, Accepts, Named};
use api::{Answer, Caller, Cx};
use base::Arn;
use rules::key_access::Context;

/// Refuses, in KMS's words, a caller who may not do `operation` (without `kms:`) with the key of this ARN in the request's Region.
/// A key that is not there is left to the call that needs it.
pub fn check(
    cx: &mut Cx,
    caller: &Caller,
    key_arn: &str,
    operation: &'static str,
    context: &Context,
) -> Answer<()> {
    let key = match find::read(cx, key_arn, Accepts::Key) {
        Ok(Named::KeyId(id)) => find::existing(cx, &id)?,
        Ok(Named::Foreign(arn)) => find::foreign(cx, &arn)?,
        _ => None,
    };
    let Some(key) = key else { return Ok(()) };
    let shown: Arn = key.arn_parts();
    let decided = access::decide(cx, caller, &key, &shown, operation, &Asks::within(context))?;
    decided.map(drop).map_err(|denied| denied.refusal().into())
}
