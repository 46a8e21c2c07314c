//! Access keys by id, and whose they are.

use crate::{find, names};
use api::identity::AccessKey;
use api::{Answer, Cx};
use base::Refusal;

/// The form of an access key id: 16 to 128 word characters.
pub fn check_id(id: &str) -> Result<(), Refusal> {
    names::length("accessKeyId", id, 16, 128)?;
    if id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(());
    }
    Err(names::constraint("accessKeyId", id, "satisfy regular expression pattern: [\\w]+"))
}

/// The key of the named user, or of the caller.
pub fn of(cx: &mut Cx, user: Option<&str>, id: &str) -> Answer<AccessKey> {
    let who = find::named_or_caller(cx, user)?;
    let owner = match who.user() {
        None => None,
        Some(name) => Some(find::user(cx, name)?.name),
    };
    let key = in_account(cx, id)?.filter(|key| key.user == owner);
    Ok(key.ok_or_else(|| no_such(id))?)
}

/// Any key of the caller's account.
pub fn in_account(cx: &mut Cx, id: &str) -> Answer<Option<AccessKey>> {
    let key = cx.tx.get::<AccessKey>(id)?;
    Ok(key.filter(|key| key.account == *cx.account()))
}

/// `NoSuchEntity`: `The Access Key with id AKIA… cannot be found.`
pub fn no_such(id: &str) -> Refusal {
    find::no_such_entity(format!("The Access Key with id {id} cannot be found."))
}
