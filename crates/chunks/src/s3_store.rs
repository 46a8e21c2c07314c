//! Objects in an S3-compatible object store, through the `object_store` library: it signs, retries and speaks TLS.
//!
//! The library is asynchronous and the house is not: a small runtime of its own does the network, callers wait for it on
//! their threads. A call is bounded: a dead endpoint is `Unavailable` after seconds.
//!
//! An object is `<prefix>/<name>`. S3 stores an object whole or not at all and answers when it is durable; the signature
//! covers the bytes' SHA-256, so what was damaged on the way is refused by the other side.

mod failure;

use crate::s3_url::S3Url;
use crate::{ChunkStore, ObjectName, StoreError};
use failure::{Call, failed};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStoreExt, PutPayload, RetryConfig};
use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

/// To reach a server that is there; longer means that it is not.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// For one try. 512 KiB in 20 s is 26 KiB/s, far below any line worth storing snapshots over.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// Retries begin within this time; jobs above retry again, later and later.
const RETRY_TIMEOUT: Duration = Duration::from_secs(8);
const RETRIES_MAX: usize = 4;
/// The largest object that is read. Ours are 512 KiB and a head; a store that hands out more is not ours.
const OBJECT_MAX: u64 = 64 << 20;
/// Threads of the runtime. They only wait and hash; one chunk's hash takes 0.3 ms.
const RUNTIME_THREADS: usize = 2;

/// What signs requests. Not printable.
pub(crate) struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

impl Credentials {
    /// From the variables that all S3 tools read.
    pub fn find(variable: &dyn Fn(&str) -> Option<String>) -> Result<Credentials, StoreError> {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let needed = |name: &str| {
            given(name)
                .ok_or_else(|| StoreError::Refused(format!("chunk store: s3:// needs {name} to be set")))
        };
        Ok(Credentials {
            access_key_id: needed("AWS_ACCESS_KEY_ID")?,
            secret_access_key: needed("AWS_SECRET_ACCESS_KEY")?,
            session_token: given("AWS_SESSION_TOKEN"),
        })
    }
}

/// A chunk store in a bucket.
pub struct S3Store {
    remote: Arc<AmazonS3>,
    /// Taken out when dropped.
    runtime: Option<tokio::runtime::Runtime>,
    bucket: String,
    prefix: String,
}

impl S3Store {
    pub(crate) fn open(url: &S3Url, credentials: Credentials) -> Result<S3Store, StoreError> {
        let unusable = |why: &dyn std::fmt::Display| StoreError::Refused(format!("chunk store: {why}"));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(RUNTIME_THREADS)
            .thread_name("s3")
            .enable_all()
            .build()
            .map_err(|e| unusable(&e))?;
        let remote = Arc::new(builder(url, credentials).build().map_err(|e| unusable(&e))?);
        let (bucket, prefix) = (url.bucket.clone(), url.prefix.clone());
        Ok(S3Store { remote, runtime: Some(runtime), bucket, prefix })
    }

    fn key(&self, name: &ObjectName) -> Result<Path, StoreError> {
        let key = if self.prefix.is_empty() { name.to_string() } else { format!("{}/{name}", self.prefix) };
        Path::parse(key).map_err(|e| StoreError::Refused(format!("chunk store: {e}")))
    }

    /// The name of an object of the bucket, if it is one of ours.
    fn name(&self, key: &Path) -> Option<ObjectName> {
        let key = key.as_ref();
        let below = if self.prefix.is_empty() {
            key
        } else {
            key.strip_prefix(self.prefix.as_str())?.strip_prefix('/')?
        };
        ObjectName::parse(below)
    }

    /// Runs a call on the runtime and waits. Not `block_on`, which panics on a thread of somebody's runtime.
    fn run<T: Send + 'static>(
        &self,
        call: Call<'_>,
        work: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let stopped = || StoreError::Unavailable("chunk store: closing".to_owned());
        let runtime = self.runtime.as_ref().ok_or_else(stopped)?;
        let (sender, receiver) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            // Nobody is there to hear it only if the waiting thread is gone.
            let _ = sender.send(work.await);
        });
        receiver.recv().map_err(|_| stopped())?.map_err(|e| failed(call, &self.bucket, e))
    }

    fn page(
        &self,
        prefix: &str,
        token: Option<String>,
        max_keys: Option<usize>,
    ) -> Result<(Vec<Path>, Option<String>), StoreError> {
        let whole =
            if self.prefix.is_empty() { prefix.to_owned() } else { format!("{}/{prefix}", self.prefix) };
        let remote = self.remote.clone();
        let page = self.run(Call::List, async move {
            let options = PaginatedListOptions { page_token: token, max_keys, ..Default::default() };
            remote.list_paginated(Some(whole.as_str()).filter(|p| !p.is_empty()), options).await
        })?;
        Ok((page.result.objects.into_iter().map(|object| object.location).collect(), page.page_token))
    }
}

fn builder(url: &S3Url, credentials: Credentials) -> AmazonS3Builder {
    let client = ClientOptions::new().with_connect_timeout(CONNECT_TIMEOUT).with_timeout(REQUEST_TIMEOUT);
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(2),
        base: 2.0,
    };
    let mut builder = AmazonS3Builder::new()
        .with_client_options(client)
        .with_retry(RetryConfig { backoff, max_retries: RETRIES_MAX, retry_timeout: RETRY_TIMEOUT })
        .with_bucket_name(&url.bucket)
        .with_region(&url.region)
        .with_virtual_hosted_style_request(url.virtual_style)
        // One by one, which every store can.
        .with_disable_bulk_delete(true)
        .with_access_key_id(credentials.access_key_id)
        .with_secret_access_key(credentials.secret_access_key);
    if let Some(token) = credentials.session_token {
        builder = builder.with_token(token);
    }
    if let Some(endpoint) = &url.endpoint {
        // The library takes the endpoint of the virtual style with the bucket in it.
        let endpoint = match endpoint.split_once("://") {
            Some((scheme, host)) if url.virtual_style => format!("{scheme}://{}.{host}", url.bucket),
            _ => endpoint.clone(),
        };
        builder = builder.with_allow_http(endpoint.starts_with("http://")).with_endpoint(endpoint);
    }
    builder
}

impl ChunkStore for S3Store {
    fn put(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        let (remote, key, payload) = (self.remote.clone(), self.key(name)?, PutPayload::from(bytes.to_vec()));
        self.run(Call::Put(name), async move { remote.put(&key, payload).await })?;
        Ok(())
    }

    fn get(&self, name: &ObjectName) -> Result<Vec<u8>, StoreError> {
        let (remote, key) = (self.remote.clone(), self.key(name)?);
        let found = self.run(Call::Get(name), async move {
            let found = remote.get(&key).await?;
            if found.meta.size > OBJECT_MAX { Ok(None) } else { found.bytes().await.map(Some) }
        })?;
        let bytes = found.ok_or_else(|| StoreError::Refused(format!("chunk store: {name} is too large")))?;
        Ok(bytes.into())
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        let (remote, key) = (self.remote.clone(), self.key(name)?);
        match self.run(Call::Delete(name), async move { remote.delete(&key).await }) {
            Err(StoreError::NotFound(_)) => Ok(()),
            other => other,
        }
    }

    fn list(
        &self,
        prefix: &str,
        each: &mut dyn FnMut(ObjectName) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        crate::name::check_prefix(prefix)?;
        let mut token = None;
        loop {
            let (keys, next) = self.page(prefix, token, None)?;
            // What is not a name of ours was put there by somebody else.
            keys.iter().filter_map(|key| self.name(key)).try_for_each(&mut *each)?;
            match next {
                None => return Ok(()),
                some => token = some,
            }
        }
    }

    fn probe(&self) -> Result<(), StoreError> {
        self.page("", None, Some(1)).map(drop)
    }

    fn describe(&self) -> String {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        format!("s3://{}{slash}{}", self.bucket, self.prefix)
    }
}

impl Drop for S3Store {
    fn drop(&mut self) {
        // Without waiting: a runtime that is dropped on a thread of another runtime panics.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
