//! EC2 resource ids: a prefix that tells the kind, a dash, and 17 lower-case hexadecimal digits (8 in the old form,
//! still accepted on input). Source: EC2 API Reference, "Resource IDs".

use serde::{Deserialize, Serialize};
use std::fmt;

/// What an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    Volume,
    Snapshot,
    Image,
    Instance,
    Reservation,
}

impl Kind {
    /// The letters before the dash.
    pub fn prefix(self) -> &'static str {
        match self {
            Kind::Volume => "vol",
            Kind::Snapshot => "snap",
            Kind::Image => "ami",
            Kind::Instance => "i",
            Kind::Reservation => "r",
        }
    }

    /// The word in ARNs and in `DescribeTags`' `ResourceType`.
    pub fn resource_type(self) -> &'static str {
        match self {
            Kind::Volume => "volume",
            Kind::Snapshot => "snapshot",
            Kind::Image => "image",
            Kind::Instance => "instance",
            Kind::Reservation => "reservation",
        }
    }

    const ALL: [Kind; 5] = [Kind::Volume, Kind::Snapshot, Kind::Image, Kind::Instance, Kind::Reservation];
}

/// A well-formed resource id, for instance `vol-0123456789abcdef0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceId {
    text: String,
    kind: Kind,
}

/// The text is not `<prefix>-<8 or 17 lower-case hex digits>`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a resource id")]
pub struct IdError(pub String);

impl ResourceId {
    /// Reads an id of any known kind.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let bad = || IdError(text.to_owned());
        let (prefix, digits) = text.split_once('-').ok_or_else(bad)?;
        let kind = *Kind::ALL.iter().find(|k| k.prefix() == prefix).ok_or_else(bad)?;
        let hex = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if hex && (digits.len() == 8 || digits.len() == 17) {
            Ok(ResourceId { text: text.to_owned(), kind })
        } else {
            Err(bad())
        }
    }

    /// Reads an id that must be of this kind.
    pub fn parse_kind(text: &str, kind: Kind) -> Result<Self, IdError> {
        Self::parse(text).ok().filter(|id| id.kind == kind).ok_or_else(|| IdError(text.to_owned()))
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for ResourceId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> String {
        id.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lengths_of_id_are_read_and_nothing_else() {
        assert_eq!(ResourceId::parse("vol-0123456789abcdef0").unwrap().kind(), Kind::Volume);
        assert_eq!(ResourceId::parse("i-01234567").unwrap().kind(), Kind::Instance);
        for bad in [
            "",
            "vol",
            "vol-",
            "vol-0123",
            "vol-0123456789ABCDEF0",
            "vol-0123456789abcdef01",
            "x-01234567",
            "vol-0123456g",
            "vol-0123456 ",
            "../etc-01234567",
        ] {
            assert!(ResourceId::parse(bad).is_err(), "{bad}");
        }
        assert!(ResourceId::parse_kind("i-01234567", Kind::Volume).is_err());
    }
}
