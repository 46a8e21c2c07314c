//! Between gateway and door: whose access key it is, and a verified call's way in.

use api::identity::AccessKey;
use api::{Caller, Door, Request};
use base::{AccountId, Fault, Refusal};
use gateway::{Credential, Origin, Scope};
use keys::{Purpose, Seal, Secret};
use std::sync::Arc;
use wire::{Call, Reply};

/// Access key id of the test account.
const DEV_ACCESS_KEY: &str = "test";
const DEV_ACCOUNT: &str = "000000000000";

pub struct Front {
    door: Arc<Door>,
    seal: Arc<dyn Seal>,
    dev: bool,
}

impl Front {
    pub fn new(door: Arc<Door>, seal: Arc<dyn Seal>, dev: bool) -> Self {
        Front { door, seal, dev }
    }

    /// The well-known test credentials: `test` is account 000000000000, a 12-digit id names its account; the secret is `test`.
    fn dev_credential(&self, access_key_id: &str) -> Result<Option<Credential>, Fault> {
        let account = if access_key_id == DEV_ACCESS_KEY { DEV_ACCOUNT } else { access_key_id };
        match AccountId::parse(account) {
            Ok(account) if self.dev => {
                let secret = Secret::from_slice_wiping(&mut b"test".to_vec()).map_err(sealed)?;
                Ok(Some(credential(access_key_id, account, secret)))
            }
            _ => Ok(None),
        }
    }
}

impl gateway::Door for Front {
    fn credential(&self, access_key_id: &str) -> Result<Option<Credential>, Fault> {
        if let Some(found) = self.dev_credential(access_key_id)? {
            return Ok(Some(found));
        }
        let Some(row) = self.door.catalog.begin()?.get::<AccessKey>(access_key_id)? else { return Ok(None) };
        let secret =
            self.seal.unwrap(Purpose::AccessKeySecret, &row.id, &row.sealed_secret).map_err(sealed)?;
        Ok(Some(credential(&row.id, row.account, secret)))
    }

    fn dispatch(&self, who: &Credential, scope: &Scope, call: Call, origin: Origin) -> Reply {
        let service = scope.service;
        if rules::places::find(scope.region.as_str()).is_none() {
            let refusal =
                Refusal::new("InvalidRegion", format!("The Region '{}' does not exist.", scope.region));
            return wire::encode_refusal(service, &refusal, &origin.request_id);
        }
        let caller =
            Caller::root(who.account.clone(), &who.access_key_id, &origin.source_ip, &origin.user_agent);
        let request = Request {
            id: origin.request_id,
            region: scope.region.clone(),
            received: origin.received,
            host: origin.host,
        };
        self.door.serve(service, &caller, &request, &call)
    }

    fn refused(&self, refusal: &Refusal, scope: Option<&Scope>, _call: &Call, origin: &Origin) {
        // Nobody was identified, so there is no account whose trail could hold a record (AWS keeps none either).
        let service = scope.map_or("?", |s| s.service.name);
        tracing::info!(
            request_id = origin.request_id,
            source_ip = origin.source_ip,
            service,
            code = %refusal.code,
            reason = refusal.reason,
            "a call was refused at the gateway"
        );
    }
}

fn credential(access_key_id: &str, account: AccountId, secret: Secret) -> Credential {
    Credential {
        access_key_id: access_key_id.to_owned(),
        secret: Arc::new(secret),
        account,
        session_token: None,
        expires: None,
    }
}

fn sealed(error: keys::KeysError) -> Fault {
    Fault::caused("opening an access key's secret", error)
}
