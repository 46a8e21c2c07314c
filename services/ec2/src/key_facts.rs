//! What the name of a key in a request leads to, in the form in which `rules::encryption` decides about it.

use api::{Answer, Cx};
use base::Refusal;
use kms::names::{self, Looked};
use rules::encryption::KeyFacts;

/// Looks at the key that `named` means in the request's Region and lets `rule` decide whether it may be named.
pub fn check(
    cx: &mut Cx,
    named: &str,
    rule: impl FnOnce(&str, KeyFacts, &str) -> Result<(), Refusal>,
) -> Answer<()> {
    let looked = names::look(cx, named)?;
    let region = cx.region().to_string();
    let kind = match &looked {
        Looked::Key(key) => format!("{} {}", key.spec, key.usage),
        _ => String::new(),
    };
    let facts = match &looked {
        Looked::Key(key) => KeyFacts::Own {
            arn: &key.arn,
            symmetric_encryption: key.is_symmetric_encryption,
            kind: &kind,
            state: key.state,
        },
        Looked::Foreign(_) => KeyFacts::Foreign,
        Looked::Nothing => KeyFacts::Nothing,
    };
    Ok(rule(named, facts, &region)?)
}
