//! The authorisation of a call: gathers the caller's policies from the rows of `identity`, the condition keys that every request
//! has, and asks `rules::iam`.
//!
//! | caller | identity | boundary | session | control |
//! |---|---|---|---|---|
//! | root | (nothing must allow it) | | if in a session | its account's place |
//! | user | its own, its groups' | yes | of GetSessionToken: none | yes |
//! | session of a role | the role's | the role's | if made with any | yes; not for service-linked roles (`rules`) |
//! | federated user | its user's | its user's | always, perhaps empty | yes |
//! | instance infrastructure, service | none: grants and key policies decide | | | no |

mod control;
mod denied;
mod keys;
mod layers;
mod touched;

pub use control::FULL_ACCESS_ID;
pub use touched::{Touched, undeclared_keys};

use crate::{Answer, Caller, Cx, Principal};
use control::Place;
use rules::iam::{Asker, AskerKind, Context, Layers, Question, decide};

/// The caller's side of every decision of one call: read once, used for each resource.
#[derive(Clone, Debug, Default)]
pub struct Authority {
    pub layers: Layers,
    /// `aws:PrincipalArn`, `aws:SourceIp`, `aws:CurrentTime` and the other keys that do not depend on the resource
    pub context: Context,
    arn: String,
    issuer: Option<String>,
    account: String,
    organization: Option<String>,
}

impl Authority {
    /// Who asks, as the rules see it.
    pub fn asker<'a>(&'a self, caller: &'a Caller) -> Asker<'a> {
        let kind = match &caller.principal {
            Principal::Root => AskerKind::Root,
            Principal::User { .. } => AskerKind::User,
            Principal::Role { service_linked: true, .. } => AskerKind::ServiceLinkedRoleSession,
            Principal::Role { .. } | Principal::InstanceInfrastructure { .. } => AskerKind::RoleSession,
            Principal::FederatedUser { .. } => AskerKind::FederatedUser,
            Principal::Service { .. } => AskerKind::Service,
        };
        Asker { kind, arn: &self.arn, issuer_arn: self.issuer.as_deref(), account: caller.account.as_str() }
    }
}

impl Cx<'_> {
    /// The policies and facts that decide what `caller` may. For a root of no organization this reads one row.
    ///
    /// Errors: a fault, if a stored policy is missing or cannot be read.
    pub fn authority(&mut self, caller: &Caller) -> Answer<Authority> {
        let apart =
            matches!(caller.principal, Principal::Service { .. } | Principal::InstanceInfrastructure { .. });
        let place = if apart { Place::default() } else { control::place(self, &caller.account)? };
        let own = layers::own(self, caller)?;
        let session = layers::session(self, caller)?;
        Ok(Authority {
            context: keys::global(self, caller, &place, &own.tags),
            layers: Layers {
                identity: own.identity,
                boundary: own.boundary,
                session,
                control: place.control,
            },
            arn: caller.arn(),
            issuer: caller.issuer_arn(),
            account: caller.account.to_string(),
            organization: place.organization,
        })
    }

    /// All condition keys of a call for one resource: those of the request, `aws:ResourceAccount` and `aws:ResourceOrgID`, and
    /// the service's own. `aws:ResourceOrgID` of another account's resource costs a read.
    pub fn context(&mut self, authority: &Authority, thing: &Touched) -> Answer<Context> {
        let mut context = authority.context.clone();
        if let Some(owner) = owner_of(&thing.arn) {
            context.set("aws:ResourceAccount", owner);
            let organization = match owner == authority.account {
                true => authority.organization.clone(),
                false => control::organization_of(self, owner)?,
            };
            context.set_some("aws:ResourceOrgID", organization);
        }
        context.extend(&thing.keys);
        Ok(context)
    }

    /// May the caller do `action` (`ec2:CreateVolume`) with everything that it touches? Refuses in the words of the service's
    /// protocol. For services whose resources have no policies of their own.
    pub fn authorise(&mut self, action: &str, touched: &[Touched]) -> Answer<()> {
        let caller = self.caller.clone();
        let authority = self.authority(&caller)?;
        for thing in touched {
            let context = self.context(&authority, thing)?;
            let decision = decide(&Question {
                asker: authority.asker(&caller),
                action,
                resource: &thing.arn,
                context: &context,
                layers: &authority.layers,
            });
            if !decision.allowed {
                return Err(self.denied(action, &thing.arn, &context, &decision).into());
            }
        }
        Ok(())
    }
}

/// The account that an ARN names.
fn owner_of(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let account = parts.nth(4)?;
    parts.next()?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}
