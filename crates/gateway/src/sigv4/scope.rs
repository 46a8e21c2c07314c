//! The credential scope: `AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request`. A signing key is derived for one date, Region
//! and service, so a stolen one is worth no more than that.

/// The five elements of a `Credential`, as the caller wrote them; only their number has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CredentialScope {
    pub access_key_id: String,
    /// `YYYYMMDD`.
    pub date: String,
    pub region: String,
    pub service: String,
    /// `aws4_request`.
    pub terminator: String,
}

impl CredentialScope {
    /// `None` unless there are exactly five elements.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let mut next = || parts.next().map(str::to_owned);
        let scope = CredentialScope {
            access_key_id: next()?,
            date: next()?,
            region: next()?,
            service: next()?,
            terminator: next()?,
        };
        parts.next().is_none().then_some(scope)
    }

    /// What the string to sign carries: the scope without the access key id.
    pub(crate) fn text(&self) -> String {
        format!("{}/{}/{}/{}", self.date, self.region, self.service, self.terminator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_has_exactly_five_elements() {
        let scope = CredentialScope::parse("AKID/20150830/us-east-1/ec2/aws4_request").unwrap();
        assert_eq!((scope.access_key_id.as_str(), scope.service.as_str()), ("AKID", "ec2"));
        assert_eq!(scope.text(), "20150830/us-east-1/ec2/aws4_request");
        for bad in ["", "AKID", "AKID/20150830/us-east-1/ec2", "AKID/20150830/us-east-1/ec2/aws4_request/"] {
            assert_eq!(CredentialScope::parse(bad), None, "{bad}");
        }
    }
}
