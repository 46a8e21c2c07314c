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

/// The service's keys that were set for what a call touches although its action does not declare them (`Action::KEYS`): tests of
/// actions expect none. A declared key that ends in `/` stands for all that begin so.
pub fn undeclared_keys(declared: &[&str], touched: &[Touched]) -> Vec<String> {
    let is_declared = |key: &str| {
        declared.iter().any(|known| match known.ends_with('/') {
            true => key.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known)),
            false => key.eq_ignore_ascii_case(known),
        })
    };
    let keys = touched.iter().flat_map(|thing| thing.keys.all()).map(|(key, _)| key);
    keys.filter(|key| !is_declared(key)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_declared_by_its_name_or_its_beginning() {
        let mut thing = Touched::plain("*");
        for key in ["ec2:Encrypted", "aws:RequestTag/k", "aws:TagKeys", "aws:RequestTag"] {
            thing.keys.set(key, "v");
        }
        let declared = ["ec2:encrypted", "aws:RequestTag/"];
        assert_eq!(undeclared_keys(&declared, &[thing]), ["aws:RequestTag", "aws:TagKeys"]);
        assert_eq!(undeclared_keys(&[], &Touched::anything()), [""; 0]);
    }
}
