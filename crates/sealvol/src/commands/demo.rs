//! `sealvol demo`: runs the demo's story in a temporary directory and leaves nothing behind, whether it ends well, badly, or by
//! a signal.

use crate::DemoArguments;
use crate::demo::{Directory, Show, tell};
use base::Fault;
use env::Env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

pub fn run(arguments: &DemoArguments) -> Result<(), Fault> {
    start_logging();
    env::harden_process().map_err(|e| Fault::caused("keeping this process out of core dumps", e))?;
    let env = Env::real();
    let stop = Arc::new(AtomicBool::new(false));
    let listening =
        listen_for_signals(stop.clone()).map_err(|e| Fault::caused("listening for signals", e))?;
    let mut directory = Directory::make(&env, arguments.keep)?;
    let mut show = Show::on_stdout(env.clock.clone(), stop);
    let told = tell(&env, &mut show, &mut directory, arguments.size_mb);
    if directory.is_kept() {
        crate::tell::on_stderr(format_args!(
            "Kept: {}; serve it with: sealvol serve --data {}",
            directory.path().display(),
            directory.data().display()
        ));
    }
    drop(directory);
    listening.shutdown_background();
    told
}

/// Sets `stop` at SIGINT, SIGTERM or SIGHUP. The story notices between two pieces of work.
fn listen_for_signals(stop: Arc<AtomicBool>) -> std::io::Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _inside = runtime.enter();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let (mut signals, stop) = (signal(kind)?, stop.clone());
        runtime.spawn(async move {
            while signals.recv().await.is_some() {
                stop.store(true, Ordering::Relaxed);
            }
        });
    }
    drop(_inside);
    Ok(runtime)
}

/// The story speaks for itself; only errors are added to it.
fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SEALVOL_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    // A second start in one process (tests) keeps the first subscriber.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
