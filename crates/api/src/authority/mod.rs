//! The authorisation of a call: gathers the caller's policies from the rows of `identity`, the condition keys that every request
//! has, and asks `rules::iam`.

mod denied;
mod touched;

pub use touched::Touched;

use crate::{Answer, Caller, Cx, Principal};
use rules::iam::{Asker, AskerKind, Context, Layers, Question, decide};

/// The caller's side of every decision of one call: read once, used for each resource.
#[derive(Clone, Debug, Default)]
pub struct Authority {
    pub layers: Layers,
    /// `aws:PrincipalArn`, `aws:SourceIp`, `aws:CurrentTime` and the other keys that do not depend on the resource
    pub context: Context,
    arn: String,
    issuer: Option<String>,
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
    /// The policies and facts that decide what `caller` may.
    pub fn authority(&mut self, caller: &Caller) -> Answer<Authority> {
        Ok(Authority {
            layers: Layers::default(),
            context: Context::default(),
            arn: caller.arn(),
            issuer: caller.issuer_arn(),
        })
    }

    /// May the caller do `action` (`ec2:CreateVolume`) with everything that it touches? Refuses in the words of the service's
    /// protocol. For services whose resources have no policies of their own.
    pub fn authorise(&mut self, action: &str, touched: &[Touched]) -> Answer<()> {
        let caller = self.caller.clone();
        let authority = self.authority(&caller)?;
        for thing in touched {
            let mut context = authority.context.clone();
            context.extend(&thing.keys);
            let decision = decide(&Question {
                asker: authority.asker(&caller),
                action,
                resource: &thing.arn,
                context: &context,
                layers: &authority.layers,
            });
            if !decision.allowed {
                return Err(denied::refusal(self, action, &thing.arn, &context, &decision).into());
            }
        }
        Ok(())
    }
}
