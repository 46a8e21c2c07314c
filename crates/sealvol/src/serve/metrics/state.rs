//! What the server is and how it does: version, jobs, memory.

use env::Env;
use jobs::Runner;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub struct State {
    pub env: Env,
    pub runner: Arc<Runner>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("State")
    }
}

impl Collector for State {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        encoder
            .encode_descriptor("sealvol_build", "Which Sealvol this is", None, MetricType::Info)?
            .encode_info(&version)?;
        let queue = self.runner.queue();
        let mut jobs = encoder.encode_descriptor(
            "sealvol_jobs",
            "Lines of durable jobs: about to run, running, set aside until later",
            None,
            MetricType::Gauge,
        )?;
        for (state, count) in [("ready", queue.ready), ("running", queue.running), ("waiting", queue.waiting)]
        {
            jobs.encode_family(&[("state", state)])?.encode_gauge(&count)?;
        }
        let Some(bytes) = resident_bytes(&self.env) else { return Ok(()) };
        encoder
            .encode_descriptor(
                "process_resident_memory",
                "Memory of the process that is in RAM",
                Some(&Unit::Bytes),
                MetricType::Gauge,
            )?
            .encode_gauge(&bytes)
    }
}

/// The line `VmRSS:   1234 kB` of proc(5).
fn resident_bytes(env: &Env) -> Option<u64> {
    let status = env.files.read(Path::new("/proc/self/status")).ok()?;
    let text = std::str::from_utf8(&status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
