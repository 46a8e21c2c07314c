//! Where things live: the account (12 digits), the Region, and the Availability Zone (Region plus one letter).

use serde::{Deserialize, Serialize};
use std::fmt;

/// The only partition we serve; the first part of every ARN.
pub const PARTITION: &str = "aws";

/// The text names no account, Region or zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// not a 12-digit account id
    #[error("{0:?} is not a 12-digit account id")]
    Account(String),
    /// not a Region name
    #[error("{0:?} is not a Region name")]
    Region(String),
}

/// A 12-digit AWS account id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl AccountId {
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(AccountId(text.to_owned()))
        } else {
            Err(PlaceError::Account(text.to_owned()))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `arn:aws:iam::<account>:root`, the account itself as a principal.
    pub fn root_arn(&self) -> String {
        format!("arn:{PARTITION}:iam::{}:root", self.0)
    }
}

impl TryFrom<String> for AccountId {
    type Error = PlaceError;
    fn try_from(text: String) -> Result<Self, PlaceError> {
        Self::parse(&text)
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> String {
        id.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A Region name such as `us-east-1`. Which names exist is decided in `rules::limits`; this type only promises the form
/// `letters-letters[-letters]-digit`, so that it can stand in keys, ARNs and paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl Region {
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        let parts: Vec<&str> = text.split('-').collect();
        let words = parts.len().saturating_sub(1);
        let good = text.len() <= 32
            && (2..=3).contains(&words)
            && parts[..words].iter().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase()))
            && matches!(parts[words].as_bytes(), [b'0'..=b'9']);
        if good { Ok(Region(text.to_owned())) } else { Err(PlaceError::Region(text.to_owned())) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Region {
    type Error = PlaceError;
    fn try_from(text: String) -> Result<Self, PlaceError> {
        Self::parse(&text)
    }
}

impl From<Region> for String {
    fn from(region: Region) -> String {
        region.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An Availability Zone: a Region and one letter, `us-east-1a`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Zone {
    pub region: Region,
    pub letter: char,
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.region, self.letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_one_form() {
        assert!(AccountId::parse("111122223333").is_ok());
        for bad in ["", "11112222333", "1111222233334", "11112222333a"] {
            assert!(AccountId::parse(bad).is_err(), "{bad}");
        }
        for good in ["us-east-1", "eu-central-2", "us-gov-west-1"] {
            assert!(Region::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "us", "us-east", "US-east-1", "us-east-1a", "us--1", "us-east-10", "a/b-c-1", "-east-1"]
        {
            assert!(Region::parse(bad).is_err(), "{bad}");
        }
    }
}
