//! RetireGrant: ends a grant that is no longer needed. Any key state. Named by its token, or by key ARN and grant id.
//!
//! Allowed to the grant's retiring principal, to its grantee if the grant says so, and to the account that made it: its root, and
//! those of its principals whose IAM policies allow `kms:RetireGrant`. The key policy need not allow it, and the key may be
//! another account's; a Deny in the caller's own policies counts. EC2 retires attach grants at detach. Source: KMS API Reference, RetireGrant.

use crate::find::{self, Accepts, Named};
use crate::rows::{Grant, Key};
use crate::{access, grants};
use api::identity::principals::Names;
use api::{Action, Answer, Cx};
use base::Refusal;
use keys::grant_token::GrantRef;
use rules::iam::Whom;
use serde_json::{Value, json};
use wire::generated::kms::{RetireGrant as Op, RetireGrantInput, RetireGrantOutput};

pub struct RetireGrant;

impl Action for RetireGrant {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:RetireGrant";

    fn check(input: &RetireGrantInput) -> Result<(), Refusal> {
        match (&input.grant_token, &input.key_id, &input.grant_id) {
            (Some(_), None, None) => Ok(()),
            (None, Some(key), Some(id)) if key.starts_with("arn:") => grants::check_id(id),
            (None, Some(key), Some(_)) => {
                Err(Refusal::new("InvalidArnException", format!("ARN is not valid: {key}")))
            }
            _ => Err(grants::validation("Specify either a grant token, or a key ARN and a grant ID.")),
        }
    }

    fn authorise(cx: &mut Cx, input: &RetireGrantInput) -> Answer<()> {
        let (key, grant) = find(cx, input)?;
        let arn = key.arn_parts();
        let mut denied = None;
        for whom in entitled_as(&Names::of(&cx.caller), &grant) {
            match access::entitled(cx, &arn, "RetireGrant", whom)? {
                Ok(()) => return Ok(()),
                Err(why) => denied = denied.or(Some(why)),
            }
        }
        if let Some(denied) = denied {
            return Err(access::refused(denied));
        }
        if key.account != *cx.account() {
            return Err(no_grant(&grant.grant_id).into());
        }
        let caller = cx.caller.arn();
        Err(Refusal::new(
            "AccessDeniedException",
            format!("User: {caller} is not authorized to perform: kms:RetireGrant on resource: {arn}"),
        )
        .because(
            "only the retiring principal, a grantee whose grant includes RetireGrant, and principals of the account that made the \
             grant whose IAM policies let them",
        )
        .into())
    }

    fn handle(cx: &mut Cx, input: RetireGrantInput) -> Answer<RetireGrantOutput> {
        let (key, grant) = find(cx, &input)?;
        access::touch(cx, &key);
        cx.trail.additional.insert("grantId".into(), json!(grant.grant_id));
        grants::end(cx, &key, &grant)?;
        Ok(RetireGrantOutput {})
    }

    /// AWS records the grant id among the additional data and no parameters.
    fn request_parameters(_: &RetireGrantInput) -> Value {
        Value::Null
    }

    fn response_elements(_: &RetireGrantOutput) -> Value {
        Value::Null
    }
}

/// By which of its names a caller may retire a grant: as its retiring principal, as its grantee if the grant says so, or as one of
/// the account that made it. What is given to the account goes through that account's IAM policies.
fn entitled_as(names: &Names, grant: &Grant) -> Vec<Whom> {
    let maker = grant.issuing_account.root_arn();
    let retires = grant.operations.iter().any(|operation| operation == "RetireGrant");
    let entitled = |name: &str| {
        grant.retiring.as_deref() == Some(name) || (retires && grant.grantee == name) || maker == name
    };
    names.each().filter(|(_, name)| entitled(name)).map(|(whom, _)| whom).collect()
}

/// The grant that the request names, and its key. On a key of another account it is told of to none but those whom it concerns.
fn find(cx: &mut Cx, input: &RetireGrantInput) -> Answer<(Key, Grant)> {
    let named = match &input.grant_token {
        Some(token) => grants::open_token(cx, token)?,
        None => GrantRef {
            grant_id: input.grant_id.clone().unwrap_or_default(),
            key_arn: input.key_id.clone().unwrap_or_default(),
        },
    };
    let key = match find::read(cx, &named.key_arn, Accepts::Key)? {
        Named::KeyId(id) => Some(find::by_id(cx, &id)?),
        Named::Foreign(arn) => find::foreign(cx, &arn)?,
        Named::Alias(_) => None,
    };
    let key = key.ok_or_else(|| no_grant(&named.grant_id))?;
    let grant = grants::find(cx, &key, &named.grant_id)?;
    Ok((key, grant))
}

fn no_grant(grant_id: &str) -> Refusal {
    find::not_found(format!("Grant ID {grant_id} not found"))
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::{Value, json};

    #[test]
    fn ec2_retires_its_grant_by_token_or_by_id_and_the_record_is_as_aws_s() {
        let bench = Bench::new();
        let key = bench.create_key();
        let (id, token) = bench.grant_to_session(&key.id);
        bench.ok_as(&bench.ec2(), "RetireGrant", json!({"GrantToken": token}));
        let record = bench.last_record("RetireGrant").body;
        assert_eq!((&record["requestParameters"], &record["responseElements"]), (&Value::Null, &Value::Null));
        assert_eq!(record["additionalEventData"], json!({"grantId": id}));
        assert_eq!(record["resources"][0]["ARN"], json!(key.arn));
        let (id, _) = bench.grant_to_session(&key.id);
        bench.ok_as(&bench.ec2(), "RetireGrant", json!({"KeyId": key.arn, "GrantId": id}));
        assert_eq!(bench.rows().3, 0);
        let input = json!({"KeyId": key.arn, "GrantId": id});
        bench.refused("RetireGrant", input, "NotFoundException", &format!("Grant ID {id} not found"));
        let gone = bench.call_as(&bench.ec2(), "RetireGrant", json!({"GrantToken": token})).1;
        assert_eq!(gone["__type"], "NotFoundException");
    }

    #[test]
    fn only_those_whom_the_grant_concerns_retire_it_in_any_key_state() {
        let bench = Bench::new();
        let key = bench.create_key();
        let (id, token) = bench.grant_to_session(&key.id);
        let input = json!({"KeyId": key.arn, "GrantId": id});
        let denied = bench.call_as(&bench.session(), "RetireGrant", input.clone()).1;
        assert_eq!(denied["__type"], "AccessDeniedException");
        for input in [input.clone(), json!({"GrantToken": token})] {
            let other = bench.root_of("444455556666");
            assert_eq!(bench.call_as(&other, "RetireGrant", input).1["__type"], "NotFoundException");
        }
        bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id}));
        bench.ok("RetireGrant", input);
        let own = json!({
            "KeyId": bench.create_key().id, "GranteePrincipal": bench.session().arn(), "Operations": ["RetireGrant"],
        });
        let token = bench.ok("CreateGrant", own)["GrantToken"].clone();
        bench.ok_as(&bench.session(), "RetireGrant", json!({"GrantToken": token}));
    }

    #[test]
    fn half_a_name_and_made_up_tokens_are_refused() {
        let bench = Bench::new();
        let key = bench.create_key();
        let (id, token) = bench.grant_to_session(&key.id);
        for (input, code) in [
            (json!({}), "ValidationException"),
            (json!({"GrantId": id}), "ValidationException"),
            (json!({"KeyId": key.arn}), "ValidationException"),
            (json!({"GrantToken": token, "GrantId": id}), "ValidationException"),
            (json!({"KeyId": key.id, "GrantId": id}), "InvalidArnException"),
            (json!({"KeyId": key.arn, "GrantId": "x"}), "InvalidGrantIdException"),
            (json!({"GrantToken": "bWFkZSB1cA=="}), "InvalidGrantTokenException"),
            (json!({"GrantToken": token.to_lowercase()}), "InvalidGrantTokenException"),
        ] {
            let (_, body) = bench.call_as(&bench.root(), "RetireGrant", input.clone());
            assert_eq!(body["__type"], code, "{input}");
        }
        assert_eq!(bench.rows().3, 1);
    }

    #[test]
    fn a_dry_run_leaves_the_grant() {
        let bench = Bench::new();
        let key = bench.create_key();
        let (_, token) = bench.grant_to_session(&key.id);
        let would = "The request would have succeeded, but the DryRun option is set.";
        let input = json!({"GrantToken": token, "DryRun": true});
        bench.refused("RetireGrant", input, "DryRunOperationException", would);
        assert_eq!(bench.rows().3, 1);
    }
}
