//! From what a request calls a key to the key's row. Four forms: key id, key ARN, alias name, alias ARN; operations that manage
//! keys take only the first two. Source: KMS Developer Guide, "Key identifiers"; messages recorded of AWS.

use crate::managed;
use crate::rows::{Alias, Key};
use api::{Answer, Cx};
use base::{AccountId, Arn, Refusal};

/// Which forms an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// key id and key ARN: management
    Key,
    /// alias name and alias ARN too: cryptography, DescribeKey, GetPublicKey
    KeyOrAlias,
}

/// A well-formed name of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// in the caller's account and Region
    KeyId(String),
    /// with its prefix, in the caller's account and Region
    Alias(String),
    /// a key or an alias in another account: whether it exists is told only to those who may use it
    Foreign(Arn),
}

/// Reads a name. `NotFoundException` for whatever cannot name a key here.
pub fn read(cx: &Cx, text: &str, accepts: Accepts) -> Result<Named, Refusal> {
    let invalid = || not_found(format!("Invalid keyId '{text}'"));
    let (resource, foreign) = match text.strip_prefix("arn:") {
        None => (text.to_owned(), None),
        Some(_) => {
            let arn = Arn::parse(text).map_err(|_| invalid())?;
            if arn.service != "kms"
                || arn.partition != base::PARTITION
                || AccountId::parse(&arn.account).is_err()
            {
                return Err(invalid());
            }
            if arn.region != cx.region().as_str() {
                return Err(not_found(format!("Invalid arn {}", arn.region)));
            }
            let foreign = (arn.account != cx.account().as_str()).then(|| arn.clone());
            match arn.resource.strip_prefix("key/") {
                Some(id) => (id.to_owned(), foreign),
                None => (arn.resource, foreign),
            }
        }
    };
    let named = if is_key_id(&resource) {
        Named::KeyId(resource)
    } else if accepts == Accepts::KeyOrAlias && is_alias(&resource) {
        Named::Alias(resource)
    } else {
        return Err(invalid());
    };
    Ok(foreign.map_or(named, Named::Foreign))
}

/// The key that this text names. The AWS managed key of the caller's account is made when it is first named. For keys of other
/// accounts the caller must have been asked about (`access::key`) before: this tells whether they are there.
pub fn key(cx: &mut Cx, text: &str, accepts: Accepts) -> Answer<Key> {
    match read(cx, text, accepts)? {
        Named::KeyId(id) => by_id(cx, &id),
        Named::Alias(name) => match alias(cx, &name)? {
            Some(alias) => by_id(cx, &alias.key_id),
            None if name == managed::ALIAS => managed::create(cx),
            None => Err(no_alias(cx, &name).into()),
        },
        Named::Foreign(arn) => {
            let never = || not_found(format!("Key '{arn}' does not exist"));
            Ok(foreign(cx, &arn)?.ok_or_else(never)?)
        }
    }
}

/// The key of another account that this ARN of a key or an alias names.
pub fn foreign(cx: &mut Cx, arn: &Arn) -> Answer<Option<Key>> {
    let tenant = format!("{}/{}/", arn.account, arn.region);
    let id = match arn.resource.strip_prefix("key/") {
        Some(id) => Some(id.to_owned()),
        None => cx.tx.get::<Alias>(&format!("{tenant}{}", arn.resource))?.map(|alias| alias.key_id),
    };
    let Some(id) = id else { return Ok(None) };
    let now = cx.now();
    Ok(cx.tx.get::<Key>(&format!("{tenant}{id}"))?.and_then(|key| key.as_of(now)))
}

/// The key with this id in whichever account of the Region: a ciphertext blob tells no more.
pub fn in_any_account(cx: &mut Cx, id: &str) -> Answer<Option<Key>> {
    let now = cx.now();
    let found = cx.tx.scan_index::<Key>("id", &Key::id_index(cx.region(), id), None, 1)?;
    Ok(found.into_iter().next().and_then(|key| key.as_of(now)))
}

/// The key with this id in the caller's account.
pub fn by_id(cx: &mut Cx, id: &str) -> Answer<Key> {
    match existing(cx, id)? {
        Some(key) => Ok(key),
        None => {
            let arn = Arn::new("kms", cx.region().as_str(), cx.account().as_str(), format!("key/{id}"));
            Err(not_found(format!("Key '{arn}' does not exist")).into())
        }
    }
}

/// As [`by_id`], without a refusal.
pub fn existing(cx: &mut Cx, id: &str) -> Answer<Option<Key>> {
    let now = cx.now();
    let found = cx.tx.get::<Key>(&format!("{}{id}", cx.tenant()))?;
    Ok(found.and_then(|key| key.as_of(now)))
}

/// The alias of this name in the caller's account.
pub fn alias(cx: &mut Cx, name: &str) -> Answer<Option<Alias>> {
    Ok(cx.tx.get::<Alias>(&format!("{}{name}", cx.tenant()))?)
}

/// What AWS says of an alias that is not there.
pub fn no_alias(cx: &Cx, name: &str) -> Refusal {
    let arn = Arn::new("kms", cx.region().as_str(), cx.account().as_str(), name);
    not_found(format!("Alias {arn} is not found."))
}

pub fn not_found(message: String) -> Refusal {
    Refusal::new("NotFoundException", message)
}

/// A UUID in lower case, or `mrk-` and 32 hexadecimal digits.
pub fn is_key_id(text: &str) -> bool {
    let hex = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    match text.strip_prefix("mrk-") {
        Some(digits) => digits.len() == 32 && hex(digits),
        None => {
            let parts: Vec<&str> = text.split('-').collect();
            parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| hex(part))
        }
    }
}

/// `alias/` and at least one of the allowed characters.
pub fn is_alias(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/_-".contains(&b);
    text.len() <= 256
        && text.strip_prefix("alias/").is_some_and(|name| !name.is_empty() && name.bytes().all(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;

    #[test]
    fn the_four_forms_are_read_and_nothing_else() {
        let bench = Bench::new();
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let mrk = "mrk-0123456789abcdef0123456789abcdef";
        let good = [
            (id.to_owned(), Named::KeyId(id.into())),
            (mrk.to_owned(), Named::KeyId(mrk.into())),
            (format!("arn:aws:kms:us-east-1:111122223333:key/{id}"), Named::KeyId(id.into())),
            ("alias/a-B_c/1".to_owned(), Named::Alias("alias/a-B_c/1".into())),
            ("arn:aws:kms:us-east-1:111122223333:alias/x".to_owned(), Named::Alias("alias/x".into())),
        ];
        let other = format!("arn:aws:kms:us-east-1:444455556666:key/{id}");
        bench.with_cx(|cx| {
            for (text, named) in &good {
                assert_eq!(read(cx, text, Accepts::KeyOrAlias).as_ref(), Ok(named), "{text}");
                let managing = read(cx, text, Accepts::Key);
                assert_eq!(managing.is_ok(), matches!(named, Named::KeyId(_)), "{text}");
            }
            let foreign = read(cx, &other, Accepts::Key).unwrap();
            assert_eq!(foreign, Named::Foreign(Arn::parse(&other).unwrap()));
            for bad in [
                "",
                "x",
                "key/1234abcd-12ab-34cd-56ef-1234567890ab",
                "1234ABCD-12ab-34cd-56ef-1234567890ab",
                "1234abcd12ab34cd56ef1234567890ab",
                "1234abcd-12ab-34cd-56ef-1234567890abc",
                "mrk-0123",
                "alias/",
                "alias/a b",
                "Alias/x",
                "arn:aws:kms:us-east-1:111122223333:key/",
                "arn:aws:kms:us-east-1:111122223333:secret/x",
                "arn:aws:s3:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                "arn:aws:kms:us-east-1::key/1234abcd-12ab-34cd-56ef-1234567890ab",
                "arn:aws:kms",
            ] {
                let refusal = read(cx, bad, Accepts::KeyOrAlias).unwrap_err();
                assert_eq!(refusal.message, format!("Invalid keyId '{bad}'"));
            }
            let elsewhere = format!("arn:aws:kms:eu-west-1:111122223333:key/{id}");
            assert_eq!(read(cx, &elsewhere, Accepts::Key).unwrap_err().message, "Invalid arn eu-west-1");
        });
    }
}
