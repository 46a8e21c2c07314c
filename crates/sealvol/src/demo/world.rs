//! What the demo runs on: a temporary directory, and in it a whole server, front door included, as `sealvol serve` would run.

use crate::ServeArguments;
use crate::serve::House;
use base::Fault;
use env::Env;
use gateway::{Config, Server};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long calls that have lost their client may hold up the end.
const LEFTOVERS: Duration = Duration::from_secs(10);

/// A directory of the demo's own, with a name that nobody can guess, removed when dropped.
pub struct Directory {
    env: Env,
    path: PathBuf,
    /// A second directory to remove: the host puts sockets there when their paths would be too long.
    elsewhere: Option<PathBuf>,
    keep: bool,
}

impl Directory {
    pub fn make(env: &Env, keep: bool) -> Result<Directory, Fault> {
        let path = std::env::temp_dir().join(format!("sealvol-demo-{}", env.ids.hex(16)));
        env.files
            .create_private_dir(&path)
            .map_err(|e| Fault::caused(format!("making the directory {}", path.display()), e))?;
        Ok(Directory { env: env.clone(), path, elsewhere: None, keep })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The server's data directory.
    pub fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// Notes where a device's socket is, to leave nothing behind.
    pub fn holds_socket(&mut self, socket: &Path) {
        self.elsewhere = socket.parent().filter(|d| !d.starts_with(&self.path)).map(Path::to_owned);
    }

    /// Whether it stays when the demo is over.
    pub fn is_kept(&self) -> bool {
        self.keep
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        for path in [Some(&self.path), self.elsewhere.as_ref()].into_iter().flatten() {
            if let Err(error) = self.env.files.remove_dir_all(path) {
                crate::tell::on_stderr(format_args!("sealvol: could not remove {}: {error}", path.display()));
            }
        }
    }
}

/// A running server.
pub struct World {
    house: House,
    runtime: Runtime,
    serving: JoinHandle<std::io::Result<()>>,
    stop: oneshot::Sender<()>,
    address: SocketAddr,
}

impl World {
    /// Starts a server on an empty data directory and on any free port of loopback.
    pub fn start(env: &Env, data: &Path) -> Result<World, Fault> {
        let arguments = ServeArguments {
            metrics: None,
            limits: false,
            vhost_user: false,
            nbd_listen: None,
            nbd_tls: None,
            data: data.to_owned(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            catalog: None,
            chunks: None,
            integrity: false,
            dev: false,
        };
        let house = House::open(&arguments, env.clone())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|e| Fault::caused("starting the network runtime", e))?;
        let config = Config { listen: arguments.listen, ..Config::default() };
        let server = runtime
            .block_on(Server::bind(config, house.env.clone(), house.front()))
            .map_err(|e| Fault::caused(format!("listening on {}", arguments.listen), e))?;
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        // A dropped sender stops the server too.
        let serving = runtime.spawn(server.run(async { drop(stopped.await) }));
        Ok(World { house, runtime, serving, stop, address })
    }

    /// Where to call it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it as SIGTERM stops `sealvol serve`: calls in flight end, devices are flushed and closed, keys are dropped.
    pub fn stop(self) -> Result<(), Fault> {
        // The receiver is gone only if the server has ended already.
        let _ = self.stop.send(());
        let served = self.runtime.block_on(self.serving);
        self.runtime.shutdown_timeout(LEFTOVERS);
        self.house.close();
        match served {
            Ok(served) => served.map_err(|e| Fault::caused("serving", e)),
            Err(e) => Err(Fault::caused("serving", e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_ours_alone_and_goes_with_its_owner() {
        use std::os::unix::fs::PermissionsExt;
        let env = Env::real();
        let directory = Directory::make(&env, false).unwrap();
        let path = directory.path().to_owned();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        env.files.write_durably(&path.join("file"), b"x").unwrap();
        drop(directory);
        assert!(!path.exists());
    }

    #[test]
    fn a_socket_directory_elsewhere_goes_too_and_one_inside_is_not_removed_twice() {
        let env = Env::real();
        let elsewhere = tempfile::tempdir().unwrap().keep();
        let mut directory = Directory::make(&env, false).unwrap();
        directory.holds_socket(&directory.data().join("run/x.sock"));
        assert_eq!(directory.elsewhere, None);
        directory.holds_socket(&elsewhere.join("x.sock"));
        drop(directory);
        assert!(!elsewhere.exists());
    }

    #[test]
    fn a_kept_directory_stays() {
        let env = Env::real();
        let directory = Directory::make(&env, true).unwrap();
        let path = directory.path().to_owned();
        drop(directory);
        assert!(path.exists());
        env.files.remove_dir_all(&path).unwrap();
    }
}
