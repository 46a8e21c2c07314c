//! A PostgreSQL server of our own for the length of the test run, from the machine's packages: data directory and unix
//! socket in a temporary directory, no network. A missing PostgreSQL fails the tests; only `SEALVOL_SKIP_POSTGRES=1`
//! switches them off, so that nothing is skipped unnoticed. `SEALVOL_TEST_POSTGRES` names a running server instead.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Starts the server and waits for the end of its standard input, which this process holds: however the tests end, the
/// pipe closes and the server stops. ICU's English order differs from byte order ("a" < "B"), which proves that our
/// columns choose their own. No fsync: these tests never cut the power.
const SCRIPT: &str = r#"
    set -eu
    dir=$(mktemp -d /tmp/sealvol-pg.XXXXXX)
    trap '' INT
    trap '"$1"/pg_ctl -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
    "$1"/initdb -D "$dir/data" -A trust -U postgres -E UTF8 --locale=C --locale-provider=icu --icu-locale=en-US \
        --no-sync >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
    "$1"/pg_ctl -D "$dir/data" -l "$dir/log" -w -t 60 \
        -o "-k $dir -c listen_addresses='' -c fsync=off -c max_connections=300" start >/dev/null \
        || { cat "$dir/log" >&2; exit 1; }
    echo "$dir"
    cat >/dev/null
"#;

/// The server runs as this user when the tests run as root, which PostgreSQL refuses: `nobody`.
const NOBODY: u32 = 65534;

struct Cluster {
    url: String,
    /// Never waited for: its standard input closes with this process, which is what ends it.
    _shell: Option<Child>,
}

/// The server's URL; starts it at the first call.
pub fn url() -> Option<String> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(start).as_ref().map(|cluster| cluster.url.clone())
}

fn start() -> Option<Cluster> {
    if std::env::var("SEALVOL_SKIP_POSTGRES").is_ok_and(|v| v == "1") {
        return None;
    }
    if let Ok(url) = std::env::var("SEALVOL_TEST_POSTGRES") {
        return Some(Cluster { url, _shell: None });
    }
    let bin = newest_bin().expect(
        "PostgreSQL is not installed (/usr/lib/postgresql/*/bin): install Debian's package `postgresql`, \
         or set SEALVOL_TEST_POSTGRES to a server's URL, or SEALVOL_SKIP_POSTGRES=1 to do without",
    );
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "sh", &bin]).current_dir("/tmp");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut child = command.spawn().unwrap();
    let mut directory = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut directory).unwrap();
    let directory = directory.trim();
    if directory.is_empty() {
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        panic!("PostgreSQL did not start: {said}");
    }
    let url = format!("postgres:///postgres?host={directory}&user=postgres");
    Some(Cluster { url, _shell: Some(child) })
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

fn newest_bin() -> Option<String> {
    let mut found: Vec<(u32, String)> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            let bin = path.join("bin");
            bin.join("initdb").exists().then(|| (version, bin.display().to_string()))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin)
}
