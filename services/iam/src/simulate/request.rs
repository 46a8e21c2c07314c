//! What both simulations read of a request beside policies of the identity: who calls, whose the resources are, the policy of the
//! resource, the boundary. Source: IAM API Reference, SimulateCustomPolicy.

use super::entries::invalid;
use super::scene::Asking;
use super::source::{PolicyKind, Source, input, inputs};
use base::{AccountId, Arn, Refusal};
use rules::iam::AskerKind;

/// A resource's policy has principals, so somebody must be named whom they can mean.
pub fn check_resource_policy(policy: Option<&str>, caller: Option<&str>) -> Result<(), Refusal> {
    if policy.is_some() && caller.is_none() {
        return Err(invalid("A caller ARN must be specified when a resource policy is included."));
    }
    Ok(())
}

/// `ResourceHandlingOption`: scenarios of several EC2 resources at once, of which each is decided by itself here.
pub fn check_handling(option: Option<&str>) -> Result<(), Refusal> {
    option.map_or(Ok(()), |option| crate::names::length("resourceHandlingOption", option, 1, 64))
}

/// Who asks: `CallerArn`, which names a user; or nobody in particular of the account.
pub fn asking(caller: Option<&str>, account: &str) -> Result<Asking, Refusal> {
    let user = |arn: String, account: &str| Asking {
        kind: AskerKind::User,
        arn,
        issuer: None,
        account: account.to_owned(),
    };
    let Some(caller) = caller else { return Ok(user(String::new(), account)) };
    match Arn::parse(caller) {
        Ok(arn)
            if arn.service == "iam"
                && arn.resource.starts_with("user/")
                && AccountId::parse(&arn.account).is_ok() =>
        {
            Ok(user(caller.to_owned(), &arn.account))
        }
        _ => Err(invalid(format!("Invalid caller ARN: {caller}. It must be the ARN of an IAM user."))),
    }
}

/// The account of `ResourceOwner`, an account's ARN or id; else the caller's.
pub fn owner(owner: Option<&str>, asking: &Asking) -> Result<String, Refusal> {
    let Some(text) = owner else { return Ok(asking.account.clone()) };
    let account = Arn::parse(text).map_or_else(|_| text.to_owned(), |arn| arn.account);
    match AccountId::parse(&account) {
        Ok(_) => Ok(account),
        Err(_) => Err(invalid(format!("Invalid resource owner: {text}. It must be the ARN of an account."))),
    }
}

/// The policy of the resource.
pub fn resource_policy(text: Option<&str>) -> Result<Option<Source>, Refusal> {
    text.map(|text| input("ResourcePolicy".to_owned(), PolicyKind::Resource, text)).transpose()
}

/// The boundary that the request carries: one, as an identity has one.
pub fn boundary(texts: Option<&[String]>) -> Result<Option<Source>, Refusal> {
    let list = "PermissionsBoundaryPolicyInputList";
    let mut sources = inputs(list, PolicyKind::Boundary, texts.unwrap_or_default())?;
    if sources.len() > 1 {
        return Err(invalid("You can specify only one permissions boundary policy."));
    }
    Ok(sources.pop())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_user_s_arn_names_a_caller() {
        let arn = "arn:aws:iam::444455556666:user/a/b";
        let asking_of = asking(Some(arn), "111122223333").unwrap();
        assert_eq!((asking_of.arn.as_str(), asking_of.account.as_str()), (arn, "444455556666"));
        assert_eq!(asking(None, "111122223333").unwrap().account, "111122223333");
        for bad in [
            "",
            "b",
            "arn:aws:iam::444455556666:role/a",
            "arn:aws:iam::444455556666:root",
            "arn:aws:iam::4444:user/a",
            "arn:aws:sts::444455556666:assumed-role/a/b",
            "arn:aws:sts::444455556666:user/a",
        ] {
            assert_eq!(asking(Some(bad), "111122223333").unwrap_err().code, "InvalidInput", "{bad}");
        }
    }

    #[test]
    fn an_owner_is_an_account() {
        let asking = asking(None, "111122223333").unwrap();
        for (text, account) in [
            (None, "111122223333"),
            (Some("444455556666"), "444455556666"),
            (Some("arn:aws:iam::444455556666:root"), "444455556666"),
        ] {
            assert_eq!(owner(text, &asking).as_deref(), Ok(account));
        }
        for bad in ["", "4444", "arn:aws:s3:::bucket", "somebody"] {
            assert_eq!(owner(Some(bad), &asking).unwrap_err().code, "InvalidInput", "{bad}");
        }
    }
}
