//! Between gateway and door: whose access key it is, and a verified call's way in.

use super::metrics::Metrics;
use api::identity::{AccessKey, AccessKeyUse, Account, TemporaryCredential, User, named};
use api::{Asked, Caller, Door, Principal, Request, Served, Session};
use base::{AccountId, Fault, Refusal};
use catalog::Tx;
use gateway::{Answering, Credential, Origin, Scope};
use keys::{Purpose, Seal, Secret};
use std::sync::Arc;
use wire::{Call, Reply, Service};

/// Access key id of the test account.
const DEV_ACCESS_KEY: &str = "test";
const DEV_ACCOUNT: &str = "000000000000";
/// Access key ids of sessions begin so; others are long-term.
const TEMPORARY_PREFIX: &str = "ASIA";

pub struct Front {
    door: Arc<Door>,
    seal: Arc<dyn Seal>,
    dev: bool,
    /// Counts calls, if anybody collects metrics.
    metrics: Option<Arc<Metrics>>,
}

impl Front {
    pub fn new(door: Arc<Door>, seal: Arc<dyn Seal>, dev: bool, metrics: Option<Arc<Metrics>>) -> Self {
        Front { door, seal, dev, metrics }
    }

    /// The well-known test credentials: `test` is account 000000000000, a 12-digit id names its account; the secret is `test`.
    fn dev_credential(&self, access_key_id: &str) -> Result<Option<Credential>, Fault> {
        let account = if access_key_id == DEV_ACCESS_KEY { DEV_ACCOUNT } else { access_key_id };
        match AccountId::parse(account) {
            Ok(account) if self.dev => {
                let secret = Secret::from_slice_wiping(&mut b"test".to_vec()).map_err(sealed)?;
                let holder = Holder { principal: Principal::Root, session: None };
                Ok(Some(credential(access_key_id, account, secret, holder)))
            }
            _ => Ok(None),
        }
    }
}

/// Who holds an access key, found with its secret and given back with the verified call.
struct Holder {
    principal: Principal,
    session: Option<Session>,
}

impl Front {
    /// A long-term key: the root's, or a user's, who must still be there.
    fn long_term(&self, tx: &mut Tx, key: AccessKey) -> Result<Option<Credential>, Fault> {
        if key.inactive {
            tracing::info!(access_key_id = key.id, "an inactive access key was used");
            return Ok(None);
        }
        let principal = match &key.user {
            None => Principal::Root,
            Some(name) => match tx.get::<User>(&named(&key.account, name))? {
                Some(user) => Principal::User { name: user.name, path: user.path, id: user.id },
                None => return Ok(None),
            },
        };
        let secret = self.open(&key.id, &key.sealed_secret)?;
        Ok(Some(credential(&key.id, key.account, secret, Holder { principal, session: None })))
    }

    /// A session. One that has ended is found for a while, so that its holder hears that it has.
    fn temporary(&self, row: TemporaryCredential) -> Result<Credential, Fault> {
        let secret = self.open(&row.access_key_id, &row.sealed_secret)?;
        let expires = Some(row.session.expires);
        let holder = Holder { principal: row.principal, session: Some(row.session) };
        let plain = credential(&row.access_key_id, row.account, secret, holder);
        Ok(Credential { token_digest: Some(row.token_digest), expires, ..plain })
    }

    fn open(&self, id: &str, sealed_secret: &[u8]) -> Result<Secret, Fault> {
        self.seal.unwrap(Purpose::AccessKeySecret, id, sealed_secret).map_err(sealed)
    }

    /// The access key, unless its account is closed.
    fn found(&self, tx: &mut Tx, access_key_id: &str) -> Result<Option<Credential>, Fault> {
        let found = match self.dev_credential(access_key_id)? {
            Some(found) => Some(found),
            None => self.stored(tx, access_key_id)?,
        };
        let Some(found) = found else { return Ok(None) };
        let account = tx.get::<Account>(found.account.as_str())?;
        if account.is_some_and(|account| account.closed.is_some()) {
            tracing::info!(access_key_id, account = %found.account, "an access key of a closed account was used");
            return Ok(None);
        }
        Ok(Some(found))
    }

    fn stored(&self, tx: &mut Tx, access_key_id: &str) -> Result<Option<Credential>, Fault> {
        if access_key_id.starts_with(TEMPORARY_PREFIX) {
            let row = tx.get::<TemporaryCredential>(access_key_id)?;
            return row.map(|row| self.temporary(row)).transpose();
        }
        match tx.get::<AccessKey>(access_key_id)? {
            Some(key) => self.long_term(tx, key),
            None => Ok(None),
        }
    }
}

impl gateway::Door for Front {
    /// Reads by primary key only: the key, its user if it is one's, and the account.
    fn credential(&self, access_key_id: &str) -> Result<Option<Credential>, Fault> {
        self.door.catalog.transact(|tx| self.found(tx, access_key_id))
    }

    fn dispatch(&self, who: &Credential, scope: &Scope, call: Call, origin: Origin, answering: Answering) {
        let service = scope.service;
        if rules::places::find(scope.region.as_str()).is_none() {
            let refusal =
                Refusal::new("InvalidRegion", format!("The Region '{}' does not exist.", scope.region));
            return answering.reply(wire::encode_refusal(service, &refusal, &origin.request_id));
        }
        let Some(Holder { principal, session }) = who.holder.downcast_ref() else {
            tracing::error!(request_id = origin.request_id, "a credential without its holder");
            return answering.reply(wire::encode_refusal(service, &Refusal::internal(), &origin.request_id));
        };
        self.note_use(who, scope, &origin);
        let (address, agent) = (&origin.source_ip, &origin.user_agent);
        let caller =
            Caller::outside(principal.clone(), who.account.clone(), &who.access_key_id, address, agent);
        let caller = Caller { session: session.clone(), ..caller };
        let request = Request {
            id: origin.request_id,
            region: scope.region.clone(),
            received: origin.received,
            host: origin.host,
        };
        let count = self.counter(service, &call);
        let tell = move |served| match served {
            Served::Reply(reply) => {
                count(&reply);
                answering.reply(reply);
            }
            Served::Waits(work) => answering.wait_for(move || {
                let reply = work();
                count(&reply);
                reply
            }),
        };
        self.door.serve_then(service, Asked { caller, request, call }, Box::new(tell));
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

impl Front {
    /// Counts and times a call from now to its reply, if anybody collects metrics.
    fn counter(&self, service: &'static Service, call: &Call) -> impl FnOnce(&Reply) + Send + 'static {
        let counted = self.metrics.clone().map(|metrics| {
            // Only names that the service has become labels.
            let action = wire::operation_name(service, call).unwrap_or_else(|_| "unknown".into());
            (metrics, self.door.env.clock.clone(), self.door.env.clock.monotonic(), action)
        });
        move |reply| {
            if let Some((metrics, clock, began, action)) = counted {
                let took = clock.monotonic().saturating_sub(began);
                metrics.called(service.name, &action, reply.status, took);
            }
        }
    }

    /// Remembers that a long-term key was used. That it could not be written down is no reason to refuse the call.
    fn note_use(&self, who: &Credential, scope: &Scope, origin: &Origin) {
        if who.token_digest.is_some() {
            return;
        }
        let now = AccessKeyUse {
            access_key_id: who.access_key_id.clone(),
            at: origin.received,
            service: scope.service.name.to_owned(),
            region: scope.region.to_string(),
        };
        if let Err(fault) = self.door.key_uses.note(&self.door.catalog, now) {
            tracing::warn!(%fault, "an access key's last use was not written");
        }
    }
}

fn credential(access_key_id: &str, account: AccountId, secret: Secret, holder: Holder) -> Credential {
    Credential {
        access_key_id: access_key_id.to_owned(),
        secret: Arc::new(secret),
        account,
        token_digest: None,
        expires: None,
        holder: Arc::new(holder),
    }
}

fn sealed(error: keys::KeysError) -> Fault {
    Fault::caused("opening an access key's secret", error)
}

#[cfg(test)]
#[path = "front_tests.rs"]
mod tests;
