//! GetCallerIdentity: account, ARN and user id of the caller. Needs no permission. Source: STS API Reference.

use api::{Action, Answer, Cx};
use wire::generated::sts::{GetCallerIdentity as Op, GetCallerIdentityInput, GetCallerIdentityOutput};

pub struct GetCallerIdentity;

impl Action for GetCallerIdentity {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "sts:GetCallerIdentity";

    fn authorise(_cx: &mut Cx, _input: &GetCallerIdentityInput) -> Answer<()> {
        Ok(())
    }

    fn handle(cx: &mut Cx, _input: GetCallerIdentityInput) -> Answer<GetCallerIdentityOutput> {
        Ok(GetCallerIdentityOutput {
            account: Some(cx.account().to_string()),
            arn: Some(cx.caller.arn()),
            user_id: Some(cx.caller.principal_id()),
        })
    }
}

#[cfg(test)]
mod tests {
    use api::{Caller, Door, Registry, Request};
    use base::{AccountId, Region};
    use catalog::Catalog;
    use env::Env;
    use wire::generated::sts::SERVICE;
    use wire::{Call, token::TokenKey};

    const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

    fn answer(caller: &Caller, body: &str) -> (u16, String) {
        let (env, _) = Env::simulated(1);
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("catalog").display());
        let catalog = Catalog::open(&url, api::TABLES, env.clock.clone()).unwrap();
        let registry = Registry::default().with(crate::table());
        let request = Request {
            id: "01234567-89ab-4def-8123-456789abcdef".into(),
            region: Region::parse("us-east-1").unwrap(),
            received: env.clock.now(),
            host: "localhost".into(),
        };
        let door = Door::new(env, catalog, registry, TokenKey::new([7; 32]));
        let headers = vec![("content-type".into(), "application/x-www-form-urlencoded".into())];
        let call = Call {
            method: "POST".into(),
            path: "/".into(),
            headers,
            body: body.to_owned().into(),
            ..Default::default()
        };
        let reply = door.serve(&SERVICE, caller, &request, &call);
        (reply.status, String::from_utf8(reply.body.to_vec()).unwrap())
    }

    fn account() -> AccountId {
        AccountId::parse("111122223333").unwrap()
    }

    fn told(arn: &str, user_id: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<GetCallerIdentityResponse \
             xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><UserId>{user_id}</UserId>\
             <Account>111122223333</Account><Arn>{arn}</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>\
             01234567-89ab-4def-8123-456789abcdef</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
        )
    }

    #[test]
    fn the_root_hears_its_account_and_arn() {
        let root = Caller::root(account(), "AKIATEST", "127.0.0.1", "test");
        assert_eq!(answer(&root, BODY), (200, told("arn:aws:iam::111122223333:root", "111122223333")));
    }

    #[test]
    fn it_needs_no_permission() {
        let session = Caller::instance_infrastructure(account(), "i-0123456789abcdef0");
        let arn = "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0";
        let user_id = "111122223333:aws:ec2-infrastructure:i-0123456789abcdef0";
        assert_eq!(answer(&session, BODY), (200, told(arn, user_id)));
    }

    #[test]
    fn other_actions_and_parameters_are_refused() {
        let root = Caller::root(account(), "AKIATEST", "127.0.0.1", "test");
        for (body, code) in [
            ("Action=GetCallerIdentity&Version=2011-06-15&Who=me", "<Code>"),
            ("Action=AssumeRoleWithSAML&Version=2011-06-15", "<Code>InvalidAction</Code>"),
            ("Version=2011-06-15", "<Code>MissingAction</Code>"),
        ] {
            let (status, text) = answer(&root, body);
            assert!(status == 400 && text.contains(code), "{body}: {status} {text}");
        }
    }
}
