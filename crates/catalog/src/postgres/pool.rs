//! A bounded pool of connections. One transaction holds at most one connection at a time (a snapshot's is given back
//! before its commit begins), so waiting for one cannot go round in a circle.

use super::session::{Link, failure};
use crate::CatalogError;
use parking_lot::{Condvar, Mutex};
use postgres::{Config, NoTls};
use std::sync::Arc;
use std::time::Duration;

/// Most connections of one server. PostgreSQL allows 100 by default, and several servers share them.
const CONNECTIONS: usize = 32;

/// How long a request waits for a connection to become free.
const WAIT: Duration = Duration::from_secs(30);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Set on every connection. Sequential scans take a lock on the whole table for PostgreSQL's conflict detection, so
/// that any two commits on a small table would conflict; every statement has an index to use. And an administrator's
/// `synchronous_commit = off` must not make an answered commit less than durable.
const SETTINGS: &str = "SET enable_seqscan = off; SET client_min_messages = warning; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

pub(super) struct Pool {
    config: Config,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Link>,
    /// Idle and leased.
    open: usize,
}

impl Pool {
    pub fn new(url: &str) -> Result<Arc<Self>, CatalogError> {
        // The URL may hold a password, so only the driver's reason goes into the error.
        let mut config: Config = url
            .parse()
            .map_err(|e: postgres::Error| CatalogError::backend("reading the catalog's URL", e))?;
        if config.get_application_name().is_none() {
            config.application_name("sealvol");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        Ok(Arc::new(Pool { config, state: Mutex::default(), freed: Condvar::new() }))
    }

    /// A connection with a transaction begun. An idle connection may have died unnoticed (the server was restarted);
    /// then the next is tried, at last a new one.
    pub fn begin(pool: &Arc<Self>, begin: &'static str) -> Result<Leased, CatalogError> {
        loop {
            let (mut leased, fresh) = Pool::lease(pool)?;
            leased.open_transaction = true;
            match leased.link()?.control("beginning a transaction", begin) {
                Ok(()) => return Ok(leased),
                Err(CatalogError::Lost { .. }) if !fresh => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A connection, and whether it is new.
    fn lease(pool: &Arc<Self>) -> Result<(Leased, bool), CatalogError> {
        let mut state = pool.state.lock();
        loop {
            if let Some(link) = state.idle.pop() {
                return Ok((Leased { link: Some(link), pool: pool.clone(), open_transaction: false }, false));
            }
            if state.open < CONNECTIONS {
                state.open += 1;
                drop(state);
                // Counted already: dropping the lease uncounts it should connecting fail.
                let mut leased = Leased { link: None, pool: pool.clone(), open_transaction: false };
                leased.link = Some(pool.connect()?);
                return Ok((leased, true));
            }
            if pool.freed.wait_for(&mut state, WAIT).timed_out() {
                return Err(CatalogError::Busy { seconds: WAIT.as_secs() });
            }
        }
    }

    fn connect(&self) -> Result<Link, CatalogError> {
        let doing = "connecting to PostgreSQL";
        let client = self.config.connect(NoTls).map_err(|e| failure(doing, e))?;
        let mut link = Link::new(client);
        link.control(doing, SETTINGS)?;
        Ok(link)
    }
}

/// A connection on loan. If its transaction was not ended it is rolled back on return.
pub(super) struct Leased {
    /// `None` only while connecting and dropping.
    link: Option<Link>,
    pool: Arc<Pool>,
    open_transaction: bool,
}

impl Leased {
    pub fn link(&mut self) -> Result<&mut Link, CatalogError> {
        self.link.as_mut().ok_or_else(|| CatalogError::backend("using a connection", "it is closed"))
    }

    /// `COMMIT`, or `ROLLBACK`.
    pub fn end(&mut self, how: &str) -> Result<(), CatalogError> {
        self.link()?.control("ending a transaction", how)?;
        self.open_transaction = false;
        Ok(())
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        let clean = !self.open_transaction || self.end("ROLLBACK").is_ok();
        let link = self.link.take().filter(|link| clean && !link.client.is_closed());
        let mut state = self.pool.state.lock();
        match link {
            Some(link) => state.idle.push(link),
            None => state.open -= 1,
        }
        drop(state);
        self.pool.freed.notify_one();
    }
}
