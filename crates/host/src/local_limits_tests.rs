//! Limits and counts of attached volumes: whose they are, and when they come and go.

use super::*;
use base::{AccountId, Region};
use export::{Kind, Rate};

const ONE: &str = "vol-00000000000000001";
const TWO: &str = "vol-00000000000000002";

fn limits(per_second: u64) -> Limits {
    let rate = |per_second| Rate { per_second, burst: None };
    Limits { io_bytes: 256 << 10, operations: rate(per_second), bytes: rate(1 << 30) }
}

struct Bench {
    host: LocalHost,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new(limited: bool) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let chunks = Arc::new(snapshot::testing::MemoryStore::default());
        let host =
            LocalHost::new(Env::real(), dir.path(), chunks, Exporting { limited, ..Exporting::default() })
                .unwrap();
        for volume in [ONE, TWO] {
            let spec =
                VolumeSpec { volume_id: volume.into(), size_bytes: 1 << 30, encryption: None, source: None };
            host.create_volume(&spec).unwrap();
        }
        Bench { host, _dir: dir }
    }

    fn attach(&self, volume: &str, instance: &str, limits: Option<Limits>) {
        let spec = AttachSpec {
            account: AccountId::parse("111122223333").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
            volume: volume.into(),
            instance: instance.into(),
            key: None,
            limits,
            request_id: "request".into(),
        };
        self.host.attach(&spec).unwrap();
    }

    /// How many small reads may go at once.
    fn at_once(&self, volume: &str) -> usize {
        let port = self.host.inner.attached.lock().get(volume).unwrap().outlet.port();
        (0..1000).take_while(|_| port.hold(Kind::Read, 512).is_none()).count()
    }
}

#[test]
fn a_volume_is_held_to_its_limits_if_the_host_was_told_to() {
    let bench = Bench::new(true);
    bench.attach(ONE, "i-1", Some(limits(200)));
    bench.attach(TWO, "i-1", None);
    // A tenth of a second's worth.
    assert_eq!((bench.at_once(ONE), bench.at_once(TWO)), (20, 1000));
    let free = Bench::new(false);
    free.attach(ONE, "i-1", Some(limits(200)));
    free.host.limit(ONE, &limits(200)).unwrap();
    assert_eq!(free.at_once(ONE), 1000);
}

#[test]
fn instances_that_share_a_volume_share_its_limits() {
    let bench = Bench::new(true);
    bench.attach(ONE, "i-1", Some(limits(200)));
    assert_eq!(bench.at_once(ONE), 20);
    bench.attach(ONE, "i-2", Some(limits(200)));
    assert!(bench.at_once(ONE) < 20);
}

#[test]
fn limits_change_while_attached_and_a_volume_that_is_not_is_no_fault() {
    let bench = Bench::new(true);
    bench.host.limit(ONE, &limits(4000)).unwrap();
    bench.attach(ONE, "i-1", Some(limits(4000)));
    bench.host.limit(TWO, &limits(20)).unwrap();
    assert!(bench.at_once(ONE) >= 200);
    bench.host.detach(ONE, "i-1").unwrap();
    bench.attach(ONE, "i-1", Some(limits(4000)));
    bench.host.limit(ONE, &limits(20)).unwrap();
    assert_eq!(bench.at_once(ONE), 2);
}

#[test]
fn counts_are_there_while_attached() {
    let bench = Bench::new(false);
    assert!(bench.host.totals().is_empty());
    bench.attach(TWO, "i-1", None);
    bench.attach(ONE, "i-1", None);
    bench.host.inner.attached.lock().get(TWO).unwrap().outlet.port().flush().unwrap();
    let totals = bench.host.totals();
    let flushes: Vec<_> =
        totals.iter().map(|(id, t)| (id.as_str(), t.of(Kind::Flush).service.count())).collect();
    assert_eq!(flushes, [(ONE, 0), (TWO, 1)]);
    bench.host.detach(TWO, "i-1").unwrap();
    assert_eq!(bench.host.totals().len(), 1);
}
