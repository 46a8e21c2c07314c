//! Inline policies. Their names are case-sensitive, as keys of the row's map; all documents of one identity share one quota.
//! Source: IAM API Reference, PutUserPolicy and its siblings; IAM User Guide, "IAM and AWS STS quotas".

use super::Holder;
use crate::paging::{Page, Paging};
use crate::{documents, find, limits, names, shapes};
use api::{Answer, Cx};
use base::Refusal;

/// The form of a PutXPolicy request beyond the identity's name.
pub fn check(policy_name: &str, document: &str) -> Result<(), Refusal> {
    names::other("policyName", policy_name)?;
    documents::check_length(document)
}

/// Adds the document, or replaces the one of this name.
pub fn put<H: Holder>(cx: &mut Cx, mut holder: H, policy_name: String, document: String) -> Answer<()> {
    documents::check(&document)?;
    holder.inline_mut().insert(policy_name, document);
    let chars: usize = holder.inline().values().map(|text| limits::policy_chars(text)).sum();
    if chars > H::INLINE_MAX {
        let message = format!(
            "Maximum policy size of {} bytes exceeded for {} {}",
            H::INLINE_MAX,
            H::KIND,
            holder.name()
        );
        let reason = format!("{message}: its inline policies would have {chars} together");
        return Err(Refusal::new("LimitExceeded", message).with_status(409).because(reason).into());
    }
    Ok(cx.tx.put(&holder)?)
}

/// The document of this name, as answers carry it.
pub fn get<H: Holder>(holder: &H, policy_name: &str) -> Result<String, Refusal> {
    let document = holder.inline().get(policy_name).ok_or_else(|| missing::<H>(policy_name))?;
    Ok(shapes::encoded(document))
}

pub fn delete<H: Holder>(cx: &mut Cx, mut holder: H, policy_name: &str) -> Answer<()> {
    holder.inline_mut().remove(policy_name).ok_or_else(|| missing::<H>(policy_name))?;
    Ok(cx.tx.put(&holder)?)
}

/// A page of the names.
pub fn list<H: Holder>(
    cx: &Cx,
    action: &'static str,
    holder: &H,
    max_items: Option<i32>,
    marker: Option<&str>,
) -> Answer<Page<String>> {
    let names = holder.inline().keys().cloned().collect();
    Paging { action, of: holder.id(), max_items, marker }.list(cx, names, String::clone)
}

fn missing<H: Holder>(policy_name: &str) -> Refusal {
    find::no_such(&format!("{} policy", H::KIND), policy_name)
}
