//! The wiring: everything that makes up one running server, opened in the order in which parts need each other and closed in
//! the reverse.

mod bootstrap;
mod front;
mod kms;
mod metrics;
mod network;
mod notices;
mod upkeep;

use crate::ServeArguments;
use api::{Door, Registry};
use base::Fault;
use catalog::{Catalog, Table};
use chunks::ChunkStore;
use control::VhostUserDevices;
use ec2::resume::Which;
use env::Env;
use host::{Exporting, LocalHost, Options};
use jobs::{Kinds, Runner};
use keys::{KeyFileSeal, Seal};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a start waits for devices to be there again before it answers anyway.
const SETTLE: Duration = Duration::from_secs(20);

/// One running server without its sockets.
pub struct House {
    pub env: Env,
    door: Arc<Door>,
    runner: Arc<Runner>,
    host: Arc<LocalHost>,
    front: Arc<front::Front>,
    upkeep: upkeep::Upkeep,
    metrics: Option<Arc<metrics::Metrics>>,
}

impl House {
    /// Opens everything under the data directory and takes up the jobs and attachments of the last run.
    pub fn open(arguments: &ServeArguments, env: Env) -> Result<House, Fault> {
        loopback_only(arguments.dev, arguments.listen)?;
        let data = arguments.data.as_path();
        env.files
            .create_dir_all(data)
            .map_err(|e| Fault::caused(format!("making the data directory {}", data.display()), e))?;
        let data = &std::path::absolute(data).map_err(|e| Fault::caused("finding the data directory", e))?;
        let catalog = open_catalog(arguments.catalog.as_deref(), data, &env)?;
        let seal = open_seal(&catalog, data, &env)?;
        bootstrap::first_account(&catalog, &*seal, data, &env)?;
        bootstrap::test_accounts(&catalog, arguments.dev)?;
        let runner = Arc::new(Runner::default());
        let chunks = open_chunks(arguments.chunks.as_deref(), data, &env)?;
        warn_of_unreachable(&*chunks);
        let portal = network::portal(arguments, &env)?;
        let network_devices = portal.as_ref().map(|portal| network::devices(arguments, portal));
        let exporting = Exporting { limited: arguments.limits, portal, vhost_user: arguments.vhost_user };
        let options = Options { exporting, integrity: arguments.integrity };
        let host = Arc::new(LocalHost::new(env.clone(), data, chunks, options)?);
        let token_key = wire::token::TokenKey::new(*seal.derive("page tokens").expose());
        let hosts: Arc<dyn host::Hosts> = host.clone();
        let storage: Arc<dyn host::Storage> = host.clone();
        let door = Door::new(env.clone(), catalog, registry(), token_key)
            .with_dependency(runner.clone())
            .with_dependency(Arc::new(ec2::jobs::HostsHandle(hosts)))
            .with_dependency(Arc::new(host::StorageHandle(storage)))
            .with_dependency(Arc::new(::kms::SealHandle(seal.clone())))
            .with_dependency(Arc::new(::kms::dependants::DependantsHandle(Arc::new(
                ec2::dependants::KeysInUse,
            ))));
        let door = match network_devices {
            Some(devices) => door.with_dependency(Arc::new(devices)),
            None => door,
        };
        let door = match arguments.vhost_user {
            true => door.with_dependency(Arc::new(VhostUserDevices(host.run_directory().to_owned()))),
            false => door,
        };
        let door = Arc::new(door);
        let notices = Arc::new(notices::NoticesThroughDoor::new(&door));
        host.connect(Arc::new(kms::KmsThroughDoor::new(&door)), notices);
        runner.start(&door, ebs::jobs::kinds(ec2::jobs::kinds(Kinds::default())))?;
        let unfinished = runner.resume(&door)?;
        let attached = ec2::resume::reattach(&door, Which::All).map_err(fault)?;
        if unfinished + attached > 0 {
            tracing::info!(unfinished, attached, "taking up what the last run left");
        }
        runner.settle(&door.env, SETTLE);
        let upkeep = upkeep::Upkeep::start(&door)?;
        let metrics = arguments.metrics.map(|_| Arc::new(metrics::Metrics::new(&env, &host, &runner)));
        let front = Arc::new(front::Front::new(door.clone(), seal, arguments.dev, metrics.clone()));
        Ok(House { env, door, runner, host, front, upkeep, metrics })
    }

    /// What the gateway talks to.
    pub fn front(&self) -> Arc<dyn gateway::Door> {
        self.front.clone()
    }

    /// What collectors of metrics are told, if they are told anything.
    pub fn metrics(&self) -> Option<gateway::Text> {
        let metrics = self.metrics.clone()?;
        Some(Arc::new(move || metrics.text()))
    }

    /// Ends in order: no new job steps, devices flushed and closed, plaintext keys dropped.
    pub fn close(self) {
        self.upkeep.stop();
        self.runner.stop();
        self.host.stop();
        if let Err(error) = self.door.catalog.checkpoint() {
            tracing::warn!(%error, "the catalog's journal could not be folded in; the next start does it");
        }
    }
}

/// Test credentials are for this machine only: whoever can reach the port could use them.
fn loopback_only(dev: bool, listen: SocketAddr) -> Result<(), Fault> {
    if dev && !listen.ip().is_loopback() {
        return Err(Fault::new(format!(
            "--dev accepts well-known test credentials and so listens on loopback only, not on {listen}"
        )));
    }
    Ok(())
}

/// Every action of every service.
pub fn registry() -> Registry {
    Registry::default()
        .with(ec2::table())
        .with(::kms::table())
        .with(cloudtrail::table())
        .with(sts::table())
        .with(iam::table())
        .with(organizations::table())
        .with(organizations::operator_table())
        .with(control::table())
        .with(ebs::table())
}

/// Every table of the catalog.
fn tables() -> Vec<Table> {
    [api::TABLES, jobs::TABLES, ec2::TABLES, ebs::TABLES, ::kms::TABLES, organizations::TABLES].concat()
}

fn open_catalog(url: Option<&str>, data: &Path, env: &Env) -> Result<Catalog, Fault> {
    let default = format!("sqlite:{}", data.join("catalog.sqlite").display());
    let url = url.unwrap_or(&default);
    Ok(Catalog::open(url, &tables(), env.clock.clone())?)
}

/// Opens the chunk store: what was asked for, or files in the data directory.
pub fn open_chunks(url: Option<&str>, data: &Path, env: &Env) -> Result<Arc<dyn ChunkStore>, Fault> {
    let variable = |name: &str| std::env::var(name).ok();
    chunks::open(url.unwrap_or("file:"), env.files.clone(), &data.join("chunks"), &variable)
        .map_err(|e| Fault::caused("opening the chunk store", e))
}

/// A store that cannot be reached now may be there later, so the server starts; but nobody should find out by a failed snapshot.
fn warn_of_unreachable(chunks: &dyn ChunkStore) {
    if let Err(error) = chunks.probe() {
        tracing::warn!(store = chunks.describe(), %error, "the chunk store cannot be used: snapshots will wait for it");
    }
}

/// Opens the seal. A catalog that holds secrets under one root key must not be opened with another, nor may a lost key file be
/// replaced in silence.
fn open_seal(catalog: &Catalog, data: &Path, env: &Env) -> Result<Arc<dyn Seal>, Fault> {
    let path = data.join("seal.key");
    let known = bootstrap::root_key_id(catalog)?;
    let entropy = env.entropy.clone();
    let seal = match known {
        None => KeyFileSeal::open_or_create(&*env.files, &path, entropy),
        Some(_) => KeyFileSeal::open(&*env.files, &path, entropy),
    }
    .map_err(|e| Fault::caused(format!("opening the seal's key file {}", path.display()), e))?;
    let id = seal.root_key_id();
    match known {
        Some(known) if known != id => Err(Fault::new(format!(
            "the catalog's secrets are under root key {known}, but {} holds root key {id}",
            path.display()
        ))),
        Some(_) => Ok(Arc::new(seal)),
        None => {
            bootstrap::remember_root_key(catalog, &id)?;
            Ok(Arc::new(seal))
        }
    }
}

fn fault(failure: api::Failure) -> Fault {
    match failure {
        api::Failure::Fault(fault) => fault,
        api::Failure::Refused(refusal) => Fault::caused("starting", refusal),
        api::Failure::Conflict => Fault::new("the catalog kept changing while starting"),
    }
}
