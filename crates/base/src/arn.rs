//! Amazon Resource Names: `arn:<partition>:<service>:<region>:<account>:<resource>`. The resource part may hold colons.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An ARN split into its six parts. Region and account may be empty (IAM has no Region, snapshots no account).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn {
    pub partition: String,
    pub service: String,
    pub region: String,
    pub account: String,
    pub resource: String,
}

/// The text does not have the six parts of an ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an ARN")]
pub struct ArnError(pub String);

impl Arn {
    /// An ARN in our partition.
    pub fn new(service: &str, region: &str, account: &str, resource: impl Into<String>) -> Self {
        Arn {
            partition: crate::PARTITION.to_owned(),
            service: service.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            resource: resource.into(),
        }
    }

    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", partition, service, region, account, resource]
                if !partition.is_empty() && !service.is_empty() && !resource.is_empty() =>
            {
                Ok(Arn {
                    partition: (*partition).to_owned(),
                    service: (*service).to_owned(),
                    region: (*region).to_owned(),
                    account: (*account).to_owned(),
                    resource: (*resource).to_owned(),
                })
            }
            _ => Err(ArnError(text.to_owned())),
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "arn:{}:{}:{}:{}:{}",
            self.partition, self.service, self.region, self.account, self.resource
        )
    }
}

impl TryFrom<String> for Arn {
    type Error = ArnError;
    fn try_from(text: String) -> Result<Self, ArnError> {
        Self::parse(&text)
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> String {
        arn.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_reads_back_as_it_was_written() {
        for text in [
            "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:iam::111122223333:root",
            "arn:aws:sns:eu-west-1:111122223333:a:b",
        ] {
            assert_eq!(Arn::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "arn", "arn:aws:kms:r:a:", "arn:aws::r:a:x", "xrn:aws:kms:r:a:x", "arn:aws:kms:r:a"] {
            assert!(Arn::parse(bad).is_err(), "{bad}");
        }
    }
}
