//! The server's numbers in OpenMetrics text, for `--metrics`. Ids of volumes and names of actions are the only labels: no account,
//! no key, nothing that a caller wrote.
//!
//! ```text
//!  sealvol_volume_operations_total{volume,kind}   kind: read, write, flush, trim, zero       volumes.rs
//!  sealvol_volume_bytes_total{volume,kind}, sealvol_volume_errors_total{volume,kind}
//!  sealvol_volume_queue_seconds{volume,kind}      histogram: from arrival to begin
//!  sealvol_volume_service_seconds{volume,kind}    histogram: from begin to end
//!  sealvol_api_requests_total{service,action,outcome}   outcome: done, refused, fault
//!  sealvol_api_request_seconds{service,action}    histogram
//!  sealvol_jobs{state}                            ready, running, waiting                     state.rs
//!  sealvol_build_info{version}, process_resident_memory_bytes
//! ```

mod state;
mod volumes;

use env::Env;
use host::LocalHost;
use jobs::Runner;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use std::time::Duration;

/// Bounds of a call's duration in seconds: most take a millisecond, some wait for a disk, few for seconds.
const CALL_BOUNDS: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Action {
    service: &'static str,
    action: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    service: &'static str,
    action: String,
    outcome: &'static str,
}

/// Calls as they are counted, and everything that is looked up when somebody asks.
pub struct Metrics {
    registry: Registry,
    requests: Family<Outcome, Counter>,
    durations: Family<Action, Histogram>,
}

impl Metrics {
    pub fn new(env: &Env, host: &Arc<LocalHost>, runner: &Arc<Runner>) -> Metrics {
        let mut registry = Registry::default();
        let requests = Family::<Outcome, Counter>::default();
        let durations = Family::<Action, Histogram>::new_with_constructor(|| Histogram::new(CALL_BOUNDS));
        registry.register(
            "sealvol_api_requests",
            "Calls with a good signature, by how they ended",
            requests.clone(),
        );
        registry.register_with_unit(
            "sealvol_api_request",
            "Time from a verified signature to the answer",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register_collector(Box::new(volumes::Volumes(host.clone())));
        registry.register_collector(Box::new(state::State { env: env.clone(), runner: runner.clone() }));
        Metrics { registry, requests, durations }
    }

    /// Counts a call. `action` must be one that the server has, so that no caller can make labels up.
    pub fn called(&self, service: &'static str, action: &str, status: u16, took: Duration) {
        let outcome = match status {
            ..400 => "done",
            400..500 => "refused",
            _ => "fault",
        };
        self.requests.get_or_create(&Outcome { service, action: action.to_owned(), outcome }).inc();
        self.durations
            .get_or_create(&Action { service, action: action.to_owned() })
            .observe(took.as_secs_f64());
    }

    /// Everything as text.
    pub fn text(&self) -> String {
        let mut page = String::new();
        if let Err(error) = text::encode(&mut page, &self.registry) {
            tracing::error!(%error, "the metrics could not be written");
        }
        page
    }
}
