//! The first start: an account with root credentials, written into the data directory in the AWS credentials-file format,
//! readable by its owner only.

use api::Failure;
use api::identity::{AccessKey, Account, ServerFact, TEST_ACCOUNTS};
use base::{AccountId, Fault};
use catalog::Catalog;
use env::Env;
use keys::{Purpose, Seal, Secret};
use std::path::Path;

const ROOT_KEY: &str = "root-key-id";
/// Rows read at once.
const PAGE: usize = 1000;

/// The public name of the root key that this catalog's secrets are under.
pub fn root_key_id(catalog: &Catalog) -> Result<Option<String>, Fault> {
    Ok(catalog.begin()?.get::<ServerFact>(ROOT_KEY)?.map(|f| f.value))
}

pub fn remember_root_key(catalog: &Catalog, id: &str) -> Result<(), Fault> {
    let fact = ServerFact { name: ROOT_KEY.into(), value: id.into() };
    transact(catalog, |tx| Ok(tx.put(&fact)?))
}

/// Makes the first account if there is none, and writes its credentials file if that is missing.
pub fn first_account(catalog: &Catalog, seal: &dyn Seal, data: &Path, env: &Env) -> Result<(), Fault> {
    let path = data.join("credentials");
    if !catalog.begin()?.scan::<AccessKey>("", None, 1)?.is_empty() {
        if let Some(key) = missing_key(catalog, env, &path)? {
            let secret =
                seal.unwrap(Purpose::AccessKeySecret, &key.id, &key.sealed_secret).map_err(sealing)?;
            write(env, &path, &key, &secret)?;
        }
        return Ok(());
    }
    let account =
        AccountId::parse(&env.ids.account()).map_err(|e| Fault::caused("making an account id", e))?;
    let secret = keys::secret_access_key(&*env.entropy).map_err(sealing)?;
    let id = format!("AKIA{}", env.ids.base32(16));
    let key = AccessKey {
        account: account.clone(),
        user: None,
        inactive: false,
        created: env.clock.now(),
        sealed_secret: seal.wrap(Purpose::AccessKeySecret, &id, &secret).map_err(sealing)?,
        id,
    };
    // The file first: a crash in between makes another account at the next start, never one that nobody can use.
    write(env, &path, &key, &secret)?;
    let row = Account::new(account, env.clock.now());
    transact(catalog, |tx| {
        tx.put(&row)?;
        tx.put(&ServerFact { name: organizations::OPERATOR_FACT.into(), value: row.id.to_string() })?;
        Ok(tx.put(&key)?)
    })
}

/// The oldest key of an account's root, if the credentials file is not there. Never a user's: the file says that it is the root's.
fn missing_key(catalog: &Catalog, env: &Env, path: &Path) -> Result<Option<AccessKey>, Fault> {
    if env.files.exists(path) {
        return Ok(None);
    }
    let mut tx = catalog.begin()?;
    let mut oldest: Option<AccessKey> = None;
    let mut after: Option<String> = None;
    loop {
        let page = tx.scan::<AccessKey>("", after.as_deref(), PAGE)?;
        after = page.last().map(|key| key.id.clone());
        let full = page.len() == PAGE;
        for key in page.into_iter().filter(|key| key.user.is_none() && !key.inactive) {
            if oldest.as_ref().is_none_or(|known| key.created < known.created) {
                oldest = Some(key);
            }
        }
        if !full {
            return Ok(oldest);
        }
    }
}

/// With test credentials every account that they can name exists; without them only those that were made.
pub fn test_accounts(catalog: &Catalog, accepted: bool) -> Result<(), Fault> {
    let fact = ServerFact { name: TEST_ACCOUNTS.into(), value: "accepted".into() };
    transact(catalog, |tx| match accepted {
        true => Ok(tx.put(&fact)?),
        false => Ok(tx.delete::<ServerFact>(TEST_ACCOUNTS)?),
    })
}

fn write(env: &Env, path: &Path, key: &AccessKey, secret: &Secret) -> Result<(), Fault> {
    let mut text = format!(
        "# Root credentials of account {}. Whoever reads this file owns the account.\n[default]\naws_access_key_id = {}\n\
         aws_secret_access_key = ",
        key.account, key.id
    )
    .into_bytes();
    text.extend_from_slice(secret.expose());
    text.push(b'\n');
    let written = env.files.write_durably(path, &text);
    text.fill(0);
    written.map_err(|e| Fault::caused(format!("writing {}", path.display()), e))
}

fn transact(
    catalog: &Catalog,
    work: impl FnMut(&mut catalog::Tx) -> Result<(), Failure>,
) -> Result<(), Fault> {
    catalog.transact::<(), Failure>(work).map_err(super::fault)
}

fn sealing(error: keys::KeysError) -> Fault {
    Fault::caused("sealing the root credentials", error)
}
