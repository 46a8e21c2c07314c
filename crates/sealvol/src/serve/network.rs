//! Devices over TCP: `--nbd-listen` and `--nbd-tls`.

use crate::ServeArguments;
use base::Fault;
use control::NetworkDevices;
use env::Env;
use export::{Portal, Tls};

/// Listens, if asked to.
pub fn portal(arguments: &ServeArguments, env: &Env) -> Result<Option<Portal>, Fault> {
    let Some(address) = arguments.nbd_listen else { return Ok(None) };
    let tls =
        match &arguments.nbd_tls {
            Some(directory) => Some(Tls::load(&*env.files, directory).map_err(|e| {
                Fault::caused(format!("reading the certificates in {}", directory.display()), e)
            })?),
            None => None,
        };
    let portal = Portal::start(address, tls);
    portal.map(Some).map_err(|e| Fault::caused(format!("listening for NBD on {address}"), e))
}

/// What DescribeDevice tells of it.
pub fn devices(arguments: &ServeArguments, portal: &Portal) -> NetworkDevices {
    let scheme = if arguments.nbd_tls.is_some() { "nbds" } else { "nbd" };
    NetworkDevices(format!("{scheme}://{}/", portal.address()))
}
