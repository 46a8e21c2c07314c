//! Attached volumes: what was done with each, since it was attached.

use export::{Kind, KindTotals, Times, Totals, upper_bound};
use host::LocalHost;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use std::fmt;
use std::sync::Arc;

pub struct Volumes(pub Arc<LocalHost>);

impl fmt::Debug for Volumes {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Volumes")
    }
}

type Counts = [(String, Totals)];

impl Collector for Volumes {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let counts = &self.0.totals();
        if counts.is_empty() {
            return Ok(());
        }
        let encoder = &mut encoder;
        counter(encoder, counts, "operations", "Operations, failed ones too", |t| t.service.count())?;
        counter(encoder, counts, "bytes", "Bytes of operations that succeeded", |t| t.bytes)?;
        counter(encoder, counts, "errors", "Operations that failed", |t| t.errors)?;
        histogram(encoder, counts, "queue", "Time from an operation's arrival to its begin", |t| &t.queue)?;
        histogram(encoder, counts, "service", "Time from an operation's begin to its end", |t| &t.service)
    }
}

fn counter(
    encoder: &mut DescriptorEncoder,
    counts: &Counts,
    name: &str,
    help: &str,
    value: fn(&KindTotals) -> u64,
) -> fmt::Result {
    let name = format!("sealvol_volume_{name}");
    let mut metric = encoder.encode_descriptor(&name, help, None, MetricType::Counter)?;
    each(&mut metric, counts, |metric, totals| {
        metric.encode_counter::<NoLabelSet, _, u64>(&value(totals), None)
    })
}

fn histogram(
    encoder: &mut DescriptorEncoder,
    counts: &Counts,
    name: &str,
    help: &str,
    times: fn(&KindTotals) -> &Times,
) -> fmt::Result {
    let name = format!("sealvol_volume_{name}");
    let mut metric = encoder.encode_descriptor(&name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
    each(&mut metric, counts, |metric, totals| {
        let times = times(totals);
        let bound = |n| upper_bound(n).map_or(f64::INFINITY, |bound| bound.as_secs_f64());
        let buckets: Vec<_> = times.buckets.iter().enumerate().map(|(n, count)| (bound(n), *count)).collect();
        metric.encode_histogram::<NoLabelSet>(times.total.as_secs_f64(), times.count(), &buckets, None)
    })
}

/// Encodes one metric for every volume and kind.
fn each(
    metric: &mut MetricEncoder,
    counts: &Counts,
    encode: impl Fn(&mut MetricEncoder, &KindTotals) -> fmt::Result,
) -> fmt::Result {
    for (volume, totals) in counts {
        for (kind, totals) in totals.all() {
            let labels = [("volume", volume.as_str()), ("kind", Kind::name(kind))];
            encode(&mut metric.encode_family(&labels)?, totals)?;
        }
    }
    Ok(())
}
