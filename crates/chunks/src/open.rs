//! `--chunks`: which store, from its URL.

use crate::s3_store::{Credentials, S3Store};
use crate::s3_url::S3Url;
use crate::{ChunkStore, FileStore, StoreError};
use env::Files;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Opens the store that `url` names:
///
/// ```text
///  file:                       the directory `default_dir`
///  file:/var/lib/chunks        that directory (also file:///var/lib/chunks)
///  s3://bucket/prefix?region=eu-west-1                             Amazon S3
///  s3://bucket?endpoint=http://127.0.0.1:9000&region=us-east-1     whatever speaks S3
///                              style=virtual: the bucket is part of the host name (default: of the path)
/// ```
/// Credentials of S3 come from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, asked of `variable`;
/// never from the URL, which is logged. Refused with a message that names what is wrong: an unknown scheme or
/// parameter, a malformed value, missing credentials. Opening does not ask an object store anything: see
/// [`ChunkStore::probe`].
pub fn open(
    url: &str,
    files: Arc<dyn Files>,
    default_dir: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Arc<dyn ChunkStore>, StoreError> {
    match url.split_once(':') {
        Some(("file", path)) => Ok(Arc::new(FileStore::open(files, directory(path, default_dir)?)?)),
        Some(("s3", _)) => {
            let parsed = S3Url::parse(url)?;
            Ok(Arc::new(S3Store::open(&parsed, Credentials::find(variable)?)?))
        }
        Some((scheme, _)) => {
            Err(StoreError::Refused(format!("chunk store: unknown scheme {scheme}: use file: or s3:")))
        }
        None => Err(StoreError::Refused(format!(
            "chunk store: {url:?} is no URL: use file:<directory> or s3://<bucket>"
        ))),
    }
}

fn directory(path: &str, default_dir: &Path) -> Result<PathBuf, StoreError> {
    match path.strip_prefix("//") {
        None if path.is_empty() => Ok(default_dir.to_owned()),
        None => Ok(PathBuf::from(path)),
        Some(path) if path.starts_with('/') => Ok(PathBuf::from(path)),
        Some(_) => Err(StoreError::Refused(format!(
            "chunk store: file:{path} names a host: use file:<directory> or file:///<directory>"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(url: &str) -> Result<String, String> {
        let keys = |variable: &str| variable.starts_with("AWS_").then(|| "x".to_owned());
        let opened = open(url, Arc::new(env::SimFiles::new(1)), Path::new("/data/chunks"), &keys);
        opened.map(|store| store.describe()).map_err(|e| e.to_string())
    }

    #[test]
    fn each_scheme_opens_its_store() {
        for (url, described_as) in [
            ("file:", "file:/data/chunks"),
            ("file:/srv/c", "file:/srv/c"),
            ("file:///srv/c", "file:/srv/c"),
            ("s3://bucket-1/a/B_c?region=eu-west-1", "s3://bucket-1/a/B_c"),
            ("s3://bucket?endpoint=http://127.0.0.1:9000", "s3://bucket"),
        ] {
            assert_eq!(described(url).as_deref(), Ok(described_as), "{url}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_url_is_named() {
        for (url, named) in [
            ("/srv/c", "file:<directory>"),
            ("", "file:<directory>"),
            ("gs://bucket", "gs"),
            ("file://host/srv", "host"),
            ("s3:bucket", "s3://"),
            ("s3://", "bucket"),
            ("s3://bucket/?color=red", "color"),
        ] {
            let why = described(url).unwrap_err();
            assert!(why.contains(named), "{url}: {why}");
        }
    }

    #[test]
    fn s3_without_credentials_is_refused_by_the_name_of_what_is_missing() {
        for missing in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            for empty in [None, Some(String::new())] {
                let has =
                    |variable: &str| if variable == missing { empty.clone() } else { Some("x".to_owned()) };
                let opened = open("s3://bucket", Arc::new(env::SimFiles::new(1)), Path::new("/d"), &has);
                assert!(matches!(opened, Err(StoreError::Refused(why)) if why.contains(missing)));
            }
        }
    }
}
