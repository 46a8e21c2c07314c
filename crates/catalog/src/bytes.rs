//! How bytes stand in a row: as hexadecimal digits, `#[serde(with = "catalog::bytes")]`. A JSON array of numbers, serde's own form,
//! is nearly twice as long and takes many times as long to read; rows that were written so are still read.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Digits(String),
    Numbers(Vec<u8>),
}

impl Stored {
    fn bytes<E: Error>(self) -> Result<Vec<u8>, E> {
        match self {
            Stored::Digits(digits) => hex::decode(digits).map_err(E::custom),
            Stored::Numbers(bytes) => Ok(bytes),
        }
    }
}

pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes))
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    Stored::deserialize(deserializer)?.bytes()
}

/// The same where there may be none: `#[serde(default, with = "catalog::bytes::optional")]`.
pub mod optional {
    use super::{Deserialize, Deserializer, Serializer, Stored};

    pub fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => super::serialize(bytes, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        Option::<Stored>::deserialize(deserializer)?.map(Stored::bytes).transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sealed {
        #[serde(with = "super")]
        must: Vec<u8>,
        #[serde(default, with = "super::optional")]
        may: Option<Vec<u8>>,
    }

    fn sealed(must: &[u8], may: Option<&[u8]>) -> Sealed {
        Sealed { must: must.to_vec(), may: may.map(<[u8]>::to_vec) }
    }

    #[test]
    fn bytes_are_written_as_digits_and_come_back() {
        let every: Vec<u8> = (0..=255).collect();
        for row in [sealed(&every, Some(&every)), sealed(&[], Some(&[])), sealed(&[], None)] {
            let text = serde_json::to_string(&row).unwrap();
            assert_eq!(serde_json::from_str::<Sealed>(&text).unwrap(), row, "{text}");
        }
        let text = serde_json::to_string(&sealed(&[0, 171], None)).unwrap();
        assert_eq!(text, r#"{"must":"00ab","may":null}"#);
    }

    #[test]
    fn rows_of_before_are_read() {
        let read = |text| serde_json::from_str::<Sealed>(text).unwrap();
        assert_eq!(read(r#"{"must":[0,171],"may":[1]}"#), sealed(&[0, 171], Some(&[1])));
        assert_eq!(read(r#"{"must":[]}"#), sealed(&[], None));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in [
            r#"{"must":"0"}"#,
            r#"{"must":"xy"}"#,
            r#"{"must":[256]}"#,
            r#"{"must":null}"#,
            r#"{"must":"","may":1}"#,
        ] {
            assert!(serde_json::from_str::<Sealed>(text).is_err(), "{text}");
        }
    }
}
