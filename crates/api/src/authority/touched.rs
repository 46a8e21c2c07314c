//! What a call touches.

use rules::iam::Context;

/// One resource that a call touches, and what policies may ask about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// ARN; what does not exist yet ends in `/*`; `*` where the action has no resource
    pub arn: String,
    /// the service's condition keys (`ec2:Encrypted`), `aws:ResourceTag/…`, `aws:RequestTag/…`, `aws:TagKeys`
    pub keys: Context,
}

impl Touched {
    /// A resource about which policies can ask nothing but its name.
    pub fn plain(arn: impl Into<String>) -> Touched {
        Touched { arn: arn.into(), keys: Context::default() }
    }

    /// The action has no resource.
    pub fn anything() -> Vec<Touched> {
        vec![Touched::plain("*")]
    }
}
