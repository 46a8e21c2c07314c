//! Loads a vhost-user-blk device and prints what it did as JSON: for benchmarks.
//!
//! `vhost_load <socket> read|write|mixed <block size> <depth> <seconds> <queues> [wait|spin]`. `wait` sleeps on the queue's
//! eventfd as a guest does that takes interrupts; `spin` looks at the used ring again and again. Sectors are random, from a
//! fixed seed, within the first 512 MiB.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic)]

#[path = "../tests/common/driver.rs"]
mod driver;

use driver::{Guest, Queue, WRITE};
use env::{Clock, RealClock};
use std::error::Error;
use std::time::Duration;

const SPAN_BYTES: u64 = 512 << 20;

#[derive(Clone, Copy)]
struct Load {
    block: u64,
    depth: u16,
    time: Duration,
    /// Of 16 requests.
    writes: u64,
    spin: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (socket, kind, block, depth, seconds, queues, how) =
        match arguments.as_slice() {
            [a, b, c, d, e, f] => (a, b, c, d, e, f, "wait"),
            [a, b, c, d, e, f, g] => (a, b, c, d, e, f, g.as_str()),
            _ => return Err(
                "arguments: <socket> read|write|mixed <block size> <depth> <seconds> <queues> [wait|spin]"
                    .into(),
            ),
        };
    let writes = match kind.as_str() {
        "read" => 0,
        "write" => 16,
        "mixed" => 5,
        _ => return Err("the second argument is read, write or mixed".into()),
    };
    let time = Duration::from_secs_f64(seconds.parse()?);
    let load = Load { block: block.parse()?, depth: depth.parse()?, time, writes, spin: how == "spin" };
    let size = (load.depth * 4).next_power_of_two().max(16);
    let guest = Guest::new(queues.parse()?, size, load.block);
    let mut front = guest.connect(socket.as_ref(), 0);
    let started: Vec<Queue> = (0..guest.queues).map(|n| guest.start(&mut front, n, 0)).collect();
    let threads: Vec<_> = started
        .into_iter()
        .map(|queue| env::spawn("load", move || run(queue, load)))
        .collect::<Result<_, _>>()?;
    let mut times: Vec<u32> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    times.sort_unstable();
    let at = |part: f64| times.get((times.len() as f64 * part) as usize).copied().unwrap_or(0);
    let each_second = times.len() as f64 / load.time.as_secs_f64();
    println!(
        "{{\"requests\": {}, \"iops\": {:.0}, \"mb_per_s\": {:.1}, \"p50_us\": {:.1}, \"p99_us\": {:.1}}}",
        times.len(),
        each_second,
        each_second * load.block as f64 / 1e6,
        f64::from(at(0.5)) / 1e3,
        f64::from(at(0.99)) / 1e3
    );
    Ok(())
}

/// Keeps `depth` requests under way. Returns the time of each, in nanoseconds.
fn run(mut queue: Queue, load: Load) -> Vec<u32> {
    let (clock, mut times) = (RealClock::default(), Vec::with_capacity(1 << 22));
    let mut random = 0x9e37_79b9_7f4a_7c15 ^ u64::from(queue.index);
    let mut sent = vec![Duration::ZERO; usize::from(load.depth)];
    let mut offer = |queue: &mut Queue, slot: u16, at: &mut Duration| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let sector = random % (SPAN_BYTES / load.block) * (load.block / 512);
        let (kind, flags) = if random >> 60 < load.writes { (1, 0) } else { (0, WRITE) };
        let head = queue.place(slot, kind, sector, load.block as u32, flags);
        *at = clock.monotonic();
        queue.offer(head);
    };
    for slot in 0..load.depth {
        offer(&mut queue, slot, &mut sent[usize::from(slot)]);
    }
    queue.send();
    let mut open = load.depth;
    while open > 0 {
        let Some((slot, _)) = queue.answer() else {
            if load.spin {
                std::hint::spin_loop()
            } else {
                queue.sleep(1000)
            }
            continue;
        };
        assert_eq!(queue.status(slot), 0, "a request failed");
        let now = clock.monotonic();
        let place = &mut sent[usize::from(slot)];
        times.push((now - *place).as_nanos() as u32);
        if now < load.time {
            offer(&mut queue, slot, place);
            // Shown at once, as a guest does: the device may be about to sleep.
            queue.send();
        } else {
            open -= 1;
        }
    }
    times
}
