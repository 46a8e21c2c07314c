//! `sealvol serve`: opens the house, answers until told to stop (SIGTERM or Ctrl-C), then drains: requests in flight are
//! finished, running job steps end, devices are flushed and closed.

use crate::ServeArguments;
use crate::serve::House;
use crate::tell::on_stderr;
use base::Fault;
use gateway::{Config, Page};
use std::io::IsTerminal;
use tokio::signal::unix::{SignalKind, signal};

pub fn run(arguments: &ServeArguments) -> Result<(), Fault> {
    start_logging();
    env::harden_process().map_err(|e| Fault::caused("keeping this process out of core dumps", e))?;
    env::raise_open_files();
    if !env::lock_all_memory() {
        tracing::info!(
            "memory cannot be locked whole (that needs root or CAP_IPC_LOCK); secrets are, the cipher's key schedules are not"
        );
    }
    let house = House::open(arguments, env::Env::real())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Fault::caused("starting the network runtime", e))?;
    let served = runtime.block_on(answer(arguments, &house));
    // Connections are closed; what is left in the runtime are blocking calls that have lost their client.
    runtime.shutdown_timeout(std::time::Duration::from_secs(10));
    house.close();
    served
}

async fn answer(arguments: &ServeArguments, house: &House) -> Result<(), Fault> {
    let config = Config { listen: arguments.listen, ..Config::default() };
    let server = gateway::Server::bind(config, house.env.clone(), house.front())
        .await
        .map_err(|e| Fault::caused(format!("listening on {}", arguments.listen), e))?;
    let address = server.address();
    on_stderr(format_args!("sealvol is ready at http://{address}"));
    on_stderr(format_args!("  data directory    {}", arguments.data.display()));
    on_stderr(format_args!("  root credentials  {}", arguments.data.join("credentials").display()));
    if arguments.dev {
        on_stderr(format_args!(
            "  test credentials  access key `test` (or a 12-digit account id), secret `test`"
        ));
    }
    if let (Some(listen), Some(text)) = (arguments.metrics, house.metrics()) {
        let refused = |e| Fault::caused(format!("serving metrics on {listen}"), e);
        let page = Page::bind(listen, text).await.map_err(refused)?;
        let address = page.address().map_err(refused)?;
        on_stderr(format_args!("  metrics           http://{address}/metrics"));
        tokio::spawn(page.run());
    }
    server.run(stopped()).await.map_err(|e| Fault::caused("serving", e))?;
    on_stderr(format_args!("sealvol is stopping"));
    Ok(())
}

/// Resolves when somebody asks the process to stop.
async fn stopped() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without signal handlers the default action, ending at once, is what happens; the journal copes.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SEALVOL_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second start in one process (tests) keeps the first subscriber.
    let colours = std::io::stderr().is_terminal();
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        // Nobody reading the log is no fault; complaining about it on the same stream would panic.
        .log_internal_errors(false)
        .try_init();
}
