//! Key policies as documents. They are stored and shown; full evaluation comes with IAM policies. Until then a policy is only
//! taken if it says what `rules::key_access` does anyway: the account root may do everything. One that takes rights away from
//! the root would be stored and not obeyed, so it is refused.

use base::{AccountId, Refusal, Region};
use serde_json::{Value, json};

/// KMS Developer Guide, "Resource quotas".
const POLICY_BYTES_MAX: usize = 32_768;
/// The only name that a key policy has.
pub const NAME: &str = "default";

/// The default policy of keys made through the API.
pub fn of_customer_key(account: &AccountId) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": account.root_arn()},
            "Action": "kms:*",
            "Resource": "*",
        }],
    })
    .to_string()
}

/// The policy of `alias/aws/ebs`.
pub fn of_managed_key(account: &AccountId, region: &Region) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "auto-ebs-2",
        "Statement": [
            {
                "Sid": "Allow access through EBS for all principals in the account that are authorized to use EBS",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": [
                    "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant",
                    "kms:DescribeKey",
                ],
                "Resource": "*",
                "Condition": {"StringEquals": {
                    "kms:CallerAccount": account,
                    "kms:ViaService": format!("ec2.{region}.amazonaws.com"),
                }},
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": {"AWS": account.root_arn()},
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                "Resource": "*",
            },
        ],
    })
    .to_string()
}

/// Refuses a document that is not a key policy, locks the account out, or asks for what is not evaluated yet.
pub fn check(text: &str, account: &AccountId) -> Result<(), Refusal> {
    if text.len() > POLICY_BYTES_MAX {
        let message = format!("The key policy exceeds the maximum size of {POLICY_BYTES_MAX} bytes.");
        return Err(Refusal::new("LimitExceededException", message));
    }
    let document: Value =
        serde_json::from_str(text).map_err(|_| malformed("The policy is not valid JSON."))?;
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.clone(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        _ => return Err(malformed("The policy has no statements.")),
    };
    let (mut all, mut some) = (false, false);
    for statement in &statements {
        let to_root = names(&statement["Principal"], |name| is_root(name, account));
        match statement["Effect"].as_str() {
            Some("Allow") if statement["Action"].is_null() && statement["NotAction"].is_null() => {
                return Err(malformed("A statement of the policy has no action."));
            }
            Some("Allow") => {
                let everything = names(&statement["Action"], |action| matches!(action, "kms:*" | "*"));
                all |= to_root && everything && statement["Condition"].is_null();
                some |= to_root;
            }
            Some("Deny") => return Err(not_evaluated("a statement that denies")),
            _ => return Err(malformed("A statement of the policy has no effect.")),
        }
    }
    match (all, some) {
        (true, _) => Ok(()),
        (false, true) => Err(not_evaluated("a policy that gives the account root only some rights")),
        (false, false) => {
            Err(malformed("The new key policy will not allow you to update the key policy in the future."))
        }
    }
}

fn is_root(principal: &str, account: &AccountId) -> bool {
    principal == "*" || principal == account.as_str() || principal == account.root_arn()
}

/// Whether a policy element (a text, a list of texts, or for principals `{"AWS": …}`) has a text that fits.
fn names(element: &Value, fits: impl Fn(&str) -> bool + Copy) -> bool {
    match element {
        Value::String(text) => fits(text),
        Value::Array(texts) => texts.iter().any(|text| text.as_str().is_some_and(fits)),
        Value::Object(kinds) => kinds.get("AWS").is_some_and(|principals| names(principals, fits)),
        _ => false,
    }
}

fn malformed(message: &str) -> Refusal {
    Refusal::new("MalformedPolicyDocumentException", message)
}

fn not_evaluated(what: &str) -> Refusal {
    let message = format!(
        "This server does not evaluate key policies yet and would not obey {what}; give the account root kms:*."
    );
    Refusal::new("UnsupportedOperationException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        AccountId::parse("111122223333").unwrap()
    }

    fn with(statements: Value) -> Result<(), Refusal> {
        check(&json!({"Version": "2012-10-17", "Statement": statements}).to_string(), &account())
    }

    #[test]
    fn our_own_default_and_the_console_s_are_taken() {
        assert_eq!(check(&of_customer_key(&account()), &account()), Ok(()));
        let root = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*"});
        let users = json!({"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111122223333:user/a"]},
            "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": "*"});
        assert_eq!(with(json!([root, users])), Ok(()));
        assert_eq!(with(root), Ok(()), "one statement without a list");
        assert_eq!(with(json!([{"Effect": "Allow", "Principal": "*", "Action": ["kms:*"]}])), Ok(()));
    }

    #[test]
    fn what_is_no_policy_is_malformed() {
        for text in ["", "{}", "[]", "{", "\"x\"", r#"{"Statement":[]}"#, r#"{"Statement":"x"}"#] {
            assert_eq!(
                check(text, &account()).unwrap_err().code,
                "MalformedPolicyDocumentException",
                "{text}"
            );
        }
        for statement in
            [json!({}), json!({"Effect": "allow", "Action": "kms:*"}), json!({"Effect": "Allow"})]
        {
            assert_eq!(with(json!([statement])).unwrap_err().code, "MalformedPolicyDocumentException");
        }
        let long = " ".repeat(POLICY_BYTES_MAX + 1);
        assert_eq!(check(&long, &account()).unwrap_err().code, "LimitExceededException");
    }

    #[test]
    fn a_policy_without_the_root_locks_out() {
        for principal in
            ["arn:aws:iam::444455556666:root", "arn:aws:iam::111122223333:user/a", "111122223334"]
        {
            let refusal =
                with(json!([{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:*"}]))
                    .unwrap_err();
            assert!(refusal.message.contains("in the future"), "{principal}");
        }
    }

    #[test]
    fn what_would_not_be_obeyed_is_refused() {
        let root = "arn:aws:iam::111122223333:root";
        for statements in [
            json!([{"Effect": "Allow", "Principal": {"AWS": root}, "Action": ["kms:Describe*"]}]),
            json!([{"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*",
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]),
            json!([{"Effect": "Allow", "Principal": {"AWS": root}, "NotAction": "kms:Decrypt"}]),
            json!([{"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*"},
                {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt"}]),
        ] {
            assert_eq!(
                with(statements.clone()).unwrap_err().code,
                "UnsupportedOperationException",
                "{statements}"
            );
        }
    }
}
