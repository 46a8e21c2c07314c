//! CreateGrant: lets one principal do some operations with a key, optionally only within an encryption context. Needs an enabled
//! key. With a name, the same request again gives the same grant (and a new token); without one, every call makes a grant.
//!
//! Needs `kms:CreateGrant` on the key. A grantee that has it from a grant may only hand on what it has itself.
//! A grant works from the moment it is committed; the token is for clients that expect one.
//! Source: KMS API Reference, CreateGrant.

use crate::access::{self, Asks};
use crate::crypto;
use crate::find::{self, Accepts};
use crate::grants::{self, validation};
use crate::rows::{Grant, Key};
use api::{Action, Answer, Cx};
use base::Refusal;
use catalog::Row;
use rules::key_access::{Constraint, NewGrant};
use rules::key_state::KeyOperation;
use serde_json::Value;
use wire::Input;
use wire::generated::kms::{CreateGrant as Op, CreateGrantInput, CreateGrantOutput};

/// Grants read at a time when one with the same name is looked for.
const NAMESAKES_MAX: usize = 1000;

pub struct CreateGrant;

impl Action for CreateGrant {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:CreateGrant";
    const KEYS: &'static [&'static str] = &[
        "kms:GrantConstraintType",
        "kms:GrantOperations",
        "kms:GranteePrincipal",
        "kms:RetiringPrincipal",
        "kms:GrantIsForAWSResource",
        "kms:EncryptionContext:",
        "kms:EncryptionContextKeys",
    ];

    fn check(input: &CreateGrantInput) -> Result<(), Refusal> {
        let grantee =
            grants::principal(&input.grantee_principal, &input.grantee_service_principal, "Grantee")?;
        if grantee.is_none() {
            return Err(validation(
                "1 validation error detected: Value null at 'granteePrincipal' failed to satisfy constraint: Member must not be \
                 null",
            ));
        }
        grants::principal(&input.retiring_principal, &input.retiring_service_principal, "Retiring")
            .map(|_| ())
    }

    fn authorise(cx: &mut Cx, input: &CreateGrantInput) -> Answer<()> {
        let constraint = grants::asked_constraint(input.constraints.clone().unwrap_or_default());
        access::key(cx, &input.key_id, Accepts::Key, "CreateGrant", &asks(input, &constraint))?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(cx: &mut Cx, input: CreateGrantInput) -> Answer<CreateGrantOutput> {
        let key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.check(KeyOperation::CreateGrant)?;
        let mut grant = wanted(cx, &key, input)?;
        let existing = match &grant.name {
            Some(name) => namesake(cx, &key, name, &grant)?,
            None => None,
        };
        let grant_id = match existing {
            Some(id) => id,
            None => {
                grant.slot = grants::count(cx, &key, &grant.grant_id)?;
                // A name was looked up, so that the commit must check that it is still free; a fresh id needs no check.
                if grant.name.is_some() {
                    cx.tx.put(&grant)?
                } else {
                    cx.tx.append(&grant)?
                }
                grant.grant_id
            }
        };
        let token = grants::token(cx, &key, &grant_id)?;
        // The trail's response names the key, which the response itself does not.
        cx.trail.response.insert("keyId".into(), Value::String(key.arn()));
        Ok(CreateGrantOutput { grant_token: Some(token), grant_id: Some(grant_id) })
    }

    fn request_parameters(input: &CreateGrantInput) -> Value {
        crypto::shown_parameters(input.trail(), &[])
    }
}

/// What policies may ask about a grant: its encryption context is the one to which its constraint binds it.
fn asks<'a>(input: &'a CreateGrantInput, constraint: &'a Constraint) -> Asks<'a> {
    let kind = match constraint {
        Constraint { equals: Some(_), .. } => Some("EncryptionContextEquals"),
        Constraint { subset: Some(_), .. } => Some("EncryptionContextSubset"),
        _ => None,
    };
    let one_of =
        |ordinary: &'a Option<String>, service: &'a Option<String>| ordinary.as_ref().or(service.as_ref());
    let asks = Asks {
        context: constraint.equals.as_ref().or(constraint.subset.as_ref()),
        new_grant: Some(NewGrant { operations: &input.operations, constraint }),
        ..Asks::nothing()
    };
    asks.with_some("kms:GrantConstraintType", kind)
        .with_all("kms:GrantOperations", input.operations.iter().cloned())
        .with_some("kms:GranteePrincipal", one_of(&input.grantee_principal, &input.grantee_service_principal))
        .with_some(
            "kms:RetiringPrincipal",
            one_of(&input.retiring_principal, &input.retiring_service_principal),
        )
}

/// The grant that the request describes, checked.
fn wanted(cx: &mut Cx, key: &Key, input: CreateGrantInput) -> Answer<Grant> {
    let grantee = grants::principal(&input.grantee_principal, &input.grantee_service_principal, "Grantee")?;
    let retiring =
        grants::principal(&input.retiring_principal, &input.retiring_service_principal, "Retiring")?;
    let grantee = grants::existing_principal(cx, grantee)?;
    let retiring = grants::existing_principal(cx, retiring)?;
    let constraint = grants::constraint(key, input.constraints)?;
    Ok(Grant {
        account: key.account.clone(),
        region: key.region.clone(),
        key_id: key.key_id.clone(),
        grant_id: cx.door.env.ids.hex(64),
        name: input.name,
        grantee: grantee.unwrap_or_default(),
        retiring,
        operations: grants::operations(key, input.operations)?,
        equals: constraint.equals,
        subset: constraint.subset,
        issuing_account: cx.account().clone(),
        created: cx.now(),
        slot: None,
    })
}

/// The id of a grant of that name that is otherwise the same.
fn namesake(cx: &mut Cx, key: &Key, name: &str, wanted: &Grant) -> Answer<Option<String>> {
    let index = Grant::name_index(key, name);
    let mut after: Option<String> = None;
    loop {
        let batch = cx.tx.scan_index::<Grant>("name", &index, after.as_deref(), NAMESAKES_MAX)?;
        if let Some(same) = batch.iter().find(|grant| is_same(grant, wanted)) {
            return Ok(Some(same.grant_id.clone()));
        }
        if batch.len() < NAMESAKES_MAX {
            return Ok(None);
        }
        after = batch.last().map(Row::key);
    }
}

fn is_same(a: &Grant, b: &Grant) -> bool {
    let operations =
        |grant: &Grant| grant.operations.iter().cloned().collect::<std::collections::BTreeSet<_>>();
    a.grantee == b.grantee
        && a.retiring == b.retiring
        && a.constraint() == b.constraint()
        && a.issuing_account == b.issuing_account
        && operations(a) == operations(b)
}

#[cfg(test)]
mod tests {
    use crate::testing::{ACCOUNT, Bench};
    use serde_json::{Value, json};

    fn input(bench: &Bench, key: &str, more: Value) -> Value {
        let mut input =
            json!({"KeyId": key, "GranteePrincipal": bench.session().arn(), "Operations": ["Decrypt"]});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    }

    #[test]
    fn an_attach_grant_is_made_and_recorded_as_ebs_does() {
        let bench = Bench::new();
        let key = bench.create_key();
        let constraints = json!({"EncryptionContextSubset": {"aws:ebs:id": "vol-0123456789abcdef0"}});
        let more = json!({"RetiringPrincipal": "ec2.us-east-1.amazonaws.com", "Constraints": constraints});
        let made = bench.ok_as(&bench.through_ec2(), "CreateGrant", input(&bench, &key.arn, more));
        let id = made["GrantId"].as_str().unwrap();
        assert_eq!(id.len(), 64);
        assert!(made["GrantToken"].as_str().unwrap().len() > 100);
        let record = bench.last_record("CreateGrant").body;
        assert_eq!(
            record["requestParameters"],
            json!({
                "keyId": key.arn,
                "operations": ["Decrypt"],
                "granteePrincipal": bench.session().arn(),
                "retiringPrincipal": "ec2.us-east-1.amazonaws.com",
                "constraints": {"encryptionContextSubset": {"aws:ebs:id": "vol-0123456789abcdef0"}},
            })
        );
        assert_eq!(record["responseElements"], json!({"grantId": id, "keyId": key.arn}));
        assert!(!record.to_string().contains(made["GrantToken"].as_str().unwrap()));
        assert_eq!(record["readOnly"], false);
    }

    #[test]
    fn a_name_makes_the_same_request_give_the_same_grant() {
        let bench = Bench::new();
        let key = bench.create_key();
        let create = |more: Value| {
            let made = bench.ok("CreateGrant", input(&bench, &key.id, more));
            (made["GrantId"].clone(), made["GrantToken"].clone())
        };
        let first = create(json!({"Name": "n", "Operations": ["Decrypt", "Encrypt"]}));
        let again = create(json!({"Name": "n", "Operations": ["Encrypt", "Decrypt", "Encrypt"]}));
        assert_eq!(first.0, again.0);
        assert_ne!(first.1, again.1);
        for other in [
            json!({"Name": "n"}),
            json!({"Name": "m", "Operations": ["Decrypt", "Encrypt"]}),
            json!({"Name": "n", "Operations": ["Decrypt", "Encrypt"], "RetiringPrincipal": bench.session().arn()}),
            json!({"Name": "n", "Operations": ["Decrypt", "Encrypt"],
                "Constraints": {"EncryptionContextEquals": {"a": "1"}}}),
        ] {
            assert_ne!(create(other.clone()).0, first.0, "{other}");
        }
        assert_ne!(create(json!({})).0, create(json!({})).0, "without a name every call makes a grant");
    }

    #[test]
    fn principals_operations_and_constraints_are_checked() {
        let bench = Bench::new();
        let key = bench.create_key();
        let message = "ARN is not valid: nobody".to_owned();
        let nobody = input(&bench, &key.id, json!({"GranteePrincipal": "nobody"}));
        bench.refused("CreateGrant", nobody, "InvalidArnException", &message);
        let eight =
            |n: usize| (0..n).map(|i| (format!("k{i}"), json!("v"))).collect::<serde_json::Map<_, _>>();
        for (more, code) in [
            (json!({"RetiringPrincipal": "arn:aws:s3:::b"}), "InvalidArnException"),
            (json!({"GranteePrincipal": null}), "ValidationException"),
            (json!({"GranteeServicePrincipal": "ec2.us-east-1.amazonaws.com"}), "ValidationException"),
            (json!({"Operations": []}), "ValidationException"),
            (json!({"Operations": ["Fly"]}), "ValidationException"),
            (json!({"Operations": ["Sign"]}), "ValidationException"),
            (json!({"Operations": ["GetPublicKey"]}), "ValidationException"),
            (
                json!({"Constraints": {"EncryptionContextEquals": {"a": "1"}, "EncryptionContextSubset": {"a": "1"}}}),
                "ValidationException",
            ),
            (json!({"Constraints": {"EncryptionContextSubset": eight(9)}}), "ValidationException"),
            (
                json!({"Constraints": {"EncryptionContextSubset": {"a": "x".repeat(385)}}}),
                "ValidationException",
            ),
            (json!({"GrantTokens": ["x"]}), "InvalidGrantTokenException"),
            (json!({"KeyId": "alias/aws/ebs"}), "NotFoundException"),
        ] {
            let (_, body) = bench.call_as(&bench.root(), "CreateGrant", input(&bench, &key.id, more.clone()));
            assert_eq!(body["__type"], code, "{more}: {body}");
        }
        assert_eq!(bench.rows().3, 0);
        bench.ok(
            "CreateGrant",
            input(&bench, &key.id, json!({"Constraints": {"EncryptionContextSubset": eight(8)}})),
        );
    }

    #[test]
    fn an_empty_context_beside_the_other_kind_says_nothing() {
        let bench = Bench::new();
        let key = bench.create_key();
        let kept = |given: Value| {
            let made = bench.ok("CreateGrant", input(&bench, &key.id, json!({"Constraints": given})));
            let asked = json!({"KeyId": key.id, "GrantId": made["GrantId"]});
            bench.ok("ListGrants", asked)["Grants"][0]["Constraints"].clone()
        };
        let (equals, subset) = ("EncryptionContextEquals", "EncryptionContextSubset");
        let pair = json!({"a": "1"});
        assert_eq!(kept(json!({equals: {}, subset: pair})), json!({subset: pair}));
        assert_eq!(kept(json!({equals: pair, subset: {}})), json!({equals: pair}));
        assert_eq!(kept(json!({equals: {}, subset: {}})), Value::Null);
        assert_eq!(kept(json!({subset: {}})), Value::Null);
        assert_eq!(kept(json!({equals: {}})), json!({equals: {}}));
    }

    #[test]
    fn asymmetric_keys_take_their_own_operations_and_no_constraints() {
        let bench = Bench::new();
        let key = bench.create_key_with(json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}));
        bench.ok("CreateGrant", input(&bench, &key.id, json!({"Operations": ["Sign", "GetPublicKey"]})));
        for more in [
            json!({"Operations": ["Decrypt"]}),
            json!({"Operations": ["Sign"], "Constraints": {"EncryptionContextSubset": {"a": "1"}}}),
        ] {
            let (_, body) = bench.call_as(&bench.root(), "CreateGrant", input(&bench, &key.id, more));
            assert_eq!(body["__type"], "ValidationException");
        }
    }

    #[test]
    fn the_managed_key_takes_grants_through_ec2_only() {
        let bench = Bench::new();
        let managed =
            bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"]["Arn"].clone();
        let asked = input(&bench, managed.as_str().unwrap(), json!({}));
        bench.refused_because(
            &bench.root(),
            "CreateGrant",
            asked.clone(),
            "AccessDeniedException",
            "AWS managed key",
        );
        bench.ok_as(&bench.through_ec2(), "CreateGrant", asked);
    }

    #[test]
    fn a_grantee_hands_on_no_more_than_it_has() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.role(ACCOUNT, "r", Value::Null);
        let constraints = json!({"EncryptionContextSubset": {"a": "1"}});
        let own = json!({"Operations": ["CreateGrant", "Decrypt"], "Constraints": constraints});
        bench.ok("CreateGrant", input(&bench, &key.id, own));
        let session = bench.session();
        let child = |more: Value| {
            let mut child =
                input(&bench, &key.id, json!({"GranteePrincipal": "arn:aws:iam::111122223333:role/r"}));
            child.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            bench.call_as(&session, "CreateGrant", child).1["__type"].clone()
        };
        assert_eq!(child(json!({"Constraints": constraints})), Value::Null);
        assert_eq!(
            child(json!({"Constraints": {"EncryptionContextEquals": {"a": "1", "b": "2"}}})),
            Value::Null
        );
        for wider in [
            json!({}),
            json!({"Constraints": {"EncryptionContextSubset": {"b": "1"}}}),
            json!({"Constraints": constraints, "Operations": ["Decrypt", "Encrypt"]}),
        ] {
            assert_eq!(child(wider.clone()), "AccessDeniedException", "{wider}");
        }
    }

    #[test]
    fn a_dry_run_makes_no_grant() {
        let bench = Bench::new();
        let key = bench.create_key();
        let would = "The request would have succeeded, but the DryRun option is set.";
        let asked = input(&bench, &key.id, json!({"DryRun": true}));
        bench.refused("CreateGrant", asked, "DryRunOperationException", would);
        assert_eq!(bench.rows().3, 0);
    }
}
