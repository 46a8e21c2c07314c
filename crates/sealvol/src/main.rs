//! The `sealvol` program: the command line, configuration, and the wiring of the house. No logic lives here.
// A command line prints; that is its job. Everywhere else printing is denied.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod client;
mod commands;
mod demo;
mod fsck;
mod serve;
mod tell;

use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Encrypted block storage you run yourself, speaking Amazon's own APIs.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the service.
    Serve(ServeArguments),
    /// Shows the whole story on a temporary directory: an encrypted volume, written, detached, read back, searched for plaintext.
    Demo(DemoArguments),
    /// Prints the NBD URI of an attached volume's device.
    Device(DeviceArguments),
    /// Tells why a volume, a snapshot, an instance or a request is as it is.
    Explain(ExplainArguments),
    /// Lists every action with the permission and the condition keys that policies can name. Needs no running server.
    Actions(ActionsArguments),
    /// Makes and lists the server's accounts; for the account whose credentials the server wrote at its first start.
    Account(AccountArguments),
    /// Reads every stored snapshot whole and tells what is damaged. Needs no key and no running server.
    Scrub(ScrubArguments),
    /// Looks over everything that is stored, while no server runs: volumes, maps, data files, the catalog, snapshots. Needs no key.
    /// Exit status as of fsck(8): 0 nothing wrong, 1 repaired, 4 something left, 8 could not look.
    Fsck(FsckArguments),
}

/// What `serve` can be told.
#[derive(clap::Args, Clone, Debug)]
pub struct ServeArguments {
    /// Where volumes, the catalog, the seal's key file and the root credentials live.
    #[arg(long, env = "SEALVOL_DATA", default_value = "sealvol-data")]
    pub data: PathBuf,
    /// Address and port to listen on.
    #[arg(long, env = "SEALVOL_LISTEN", default_value = "127.0.0.1:4566")]
    pub listen: SocketAddr,
    /// Where control state lives: `sqlite:PATH` (the default, inside the data directory) or `postgres://...`.
    #[arg(long, env = "SEALVOL_CATALOG")]
    pub catalog: Option<String>,
    /// Where snapshots live: `file:PATH` (the default, inside the data directory) or `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`,
    /// with credentials from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    #[arg(long, env = "SEALVOL_CHUNKS")]
    pub chunks: Option<String>,
    /// Serve metrics as OpenMetrics text at `http://ADDRESS:PORT/metrics`. They ask for no credentials: loopback only.
    #[arg(long, env = "SEALVOL_METRICS", value_name = "ADDRESS:PORT")]
    pub metrics: Option<SocketAddr>,
    /// Offer attached volumes over TCP too, all on this address and port: a client names the export `<volume>.<instance>`. Without
    /// `--nbd-tls` on loopback addresses only.
    #[arg(long, env = "SEALVOL_NBD_LISTEN", value_name = "ADDRESS:PORT")]
    pub nbd_listen: Option<SocketAddr>,
    /// The directory with ca-cert.pem, server-cert.pem and server-key.pem: NBD over TCP is then TLS 1.3, and clients must show a
    /// certificate that this authority signed.
    #[arg(long, env = "SEALVOL_NBD_TLS", value_name = "DIRECTORY", requires = "nbd_listen")]
    pub nbd_tls: Option<PathBuf>,
    /// Offer attached volumes as disks of virtual machines too: each has a vhost-user-blk socket beside its NBD one.
    #[arg(long, env = "SEALVOL_VHOST_USER")]
    pub vhost_user: bool,
    /// Hold attached volumes to the IOPS and the throughput of their volume type.
    #[arg(long, env = "SEALVOL_LIMITS")]
    pub limits: bool,
    /// Make new volumes with a tag for every data unit, so that bytes which are not those written are refused instead of read.
    #[arg(long, env = "SEALVOL_INTEGRITY")]
    pub integrity: bool,
    /// Accept the well-known test credentials (secret `test`; access key id `test`, or a 12-digit account id). Loopback only.
    #[arg(long)]
    pub dev: bool,
}

/// What `demo` can be told.
#[derive(clap::Args, Clone, Debug)]
pub struct DemoArguments {
    /// Size of the file in MiB.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    pub size_mb: u64,
    /// Leave the temporary directory, with the server's data in it, behind.
    #[arg(long)]
    pub keep: bool,
}

/// What `device` can be told.
#[derive(clap::Args, Clone, Debug)]
pub struct DeviceArguments {
    /// The volume.
    pub volume_id: String,
    /// The instance that it is attached to; needed if there are several.
    #[arg(long)]
    pub instance_id: Option<String>,
    /// Print the URI over TCP. It names the address that the server listens on; clients elsewhere may know it under another name.
    #[arg(long)]
    pub network: bool,
    /// Print the path of the vhost-user-blk socket.
    #[arg(long, conflicts_with = "network")]
    pub vhost_user: bool,
    #[command(flatten)]
    pub remote: client::Remote,
}

/// What `explain` can be told.
#[derive(clap::Args, Clone, Debug)]
pub struct ExplainArguments {
    /// A volume id, a snapshot id, an instance id, or a request id (clients print it with `--debug`; the trail has it).
    pub id: String,
    /// Print the answer as JSON.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub remote: client::Remote,
}

/// What `actions` can be told.
#[derive(clap::Args, Clone, Debug)]
pub struct ActionsArguments {
    /// Print a line of JSON for each.
    #[arg(long)]
    pub json: bool,
}

/// What `account` can be told.
#[derive(clap::Args, Clone, Debug)]
pub struct AccountArguments {
    #[command(subcommand)]
    pub command: AccountCommand,
    #[command(flatten)]
    pub remote: client::Remote,
}

#[derive(Subcommand, Clone, Debug)]
pub enum AccountCommand {
    /// Makes an account; prints its root credentials, once, in the form of the aws CLI's credentials file.
    Create {
        /// The account's name; also the name of the profile that is printed.
        name: String,
        /// An address to write to about the account.
        #[arg(long)]
        email: Option<String>,
    },
    /// Lists the server's accounts.
    List,
}

/// What `scrub` can be told.
#[derive(clap::Args, Clone, Debug)]
pub struct ScrubArguments {
    /// The data directory, if the snapshots live in it.
    #[arg(long, env = "SEALVOL_DATA", default_value = "sealvol-data")]
    pub data: PathBuf,
    /// Where snapshots live, as for `serve`.
    #[arg(long, env = "SEALVOL_CHUNKS")]
    pub chunks: Option<String>,
    /// Print each finding and the totals as lines of JSON.
    #[arg(long)]
    pub json: bool,
}

/// What `fsck` can be told.
#[derive(clap::Args, Clone, Debug)]
pub struct FsckArguments {
    /// A data directory, the directory of one volume, or a chunk store.
    #[arg(env = "SEALVOL_DATA", default_value = "sealvol-data")]
    pub path: PathBuf,
    /// Clear away what crashes leave over. Data is never guessed and never removed.
    #[arg(long)]
    pub repair: bool,
    /// Where the data directory's snapshots live, as for `serve`.
    #[arg(long, env = "SEALVOL_CHUNKS")]
    pub chunks: Option<String>,
    /// The data directory has no catalog of its own (it is in PostgreSQL), and no server runs.
    #[arg(long)]
    pub no_catalog: bool,
    /// Print each finding and the totals as lines of JSON.
    #[arg(long)]
    pub json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Serve(arguments) => commands::serve::run(&arguments),
        Command::Demo(arguments) => commands::demo::run(&arguments),
        Command::Device(arguments) => commands::device::run(&arguments),
        Command::Explain(arguments) => commands::explain::run(&arguments),
        Command::Scrub(arguments) => commands::scrub::run(&arguments),
        Command::Fsck(arguments) => return ExitCode::from(commands::fsck::run(&arguments)),
        Command::Actions(arguments) => commands::actions::run(&arguments),
        Command::Account(arguments) => commands::account::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell::on_stderr(format_args!("sealvol: {error}"));
            ExitCode::FAILURE
        }
    }
}
