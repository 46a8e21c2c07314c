//! What the demo prints: numbered steps with their time, facts below them, and a progress bar on terminals. Output that nobody
//! reads any more, or a signal to stop, ends the demo at the next line or piece of work; it then cleans up as always.

use base::Fault;
use env::Clock;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Where the story is told.
pub struct Show {
    clock: Arc<dyn Clock>,
    stop: Arc<AtomicBool>,
    out: Box<dyn Write>,
    terminal: bool,
    steps: u32,
}

impl Show {
    /// Tells it on standard output; `stop` is set when somebody wants it to end.
    pub fn on_stdout(clock: Arc<dyn Clock>, stop: Arc<AtomicBool>) -> Show {
        let out = std::io::stdout();
        Show { terminal: out.is_terminal(), ..Show::on(clock, stop, Box::new(out)) }
    }

    /// Tells it in plain lines, without bars.
    pub fn on(clock: Arc<dyn Clock>, stop: Arc<AtomicBool>, out: Box<dyn Write>) -> Show {
        Show { clock, stop, out, terminal: false, steps: 0 }
    }

    /// One step: its title, what `work` says below it, and how long it took.
    pub fn step<T>(
        &mut self,
        title: &str,
        work: impl FnOnce(&mut Show) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.steps += 1;
        self.line(&format!("\n{:>2}. {title}", self.steps))?;
        let start = self.clock.monotonic();
        let result = work(self);
        let took = seconds(self.clock.monotonic().saturating_sub(start));
        match &result {
            Ok(_) => self.say(&format!("done in {took}"))?,
            // The reason is told once, at the end of the program; output that fails now changes nothing.
            Err(_) => drop(self.line(&format!("    NOT done after {took}"))),
        }
        result
    }

    /// One fact about the step.
    pub fn say(&mut self, fact: &str) -> Result<(), Fault> {
        self.line(&format!("    {fact}"))
    }

    /// One whole line.
    pub fn line(&mut self, line: &str) -> Result<(), Fault> {
        self.go_on()?;
        writeln!(self.out, "{line}")
            .and_then(|()| self.out.flush())
            .map_err(|e| Fault::caused("writing to standard output", e))
    }

    /// Refuses if somebody asked the demo to stop.
    pub fn go_on(&self) -> Result<(), Fault> {
        if self.stop.load(Ordering::Relaxed) { Err(Fault::new("interrupted")) } else { Ok(()) }
    }

    /// Runs work on so many bytes under a progress bar; it hands each piece to `progress`, which refuses when the demo must
    /// stop. Says how fast it went.
    pub fn with_bar<T>(
        &mut self,
        doing: &str,
        bytes: u64,
        work: impl FnOnce(&mut dyn FnMut(u64) -> Result<(), Fault>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let bar = self.bar(doing, bytes);
        let start = self.clock.monotonic();
        let result = work(&mut |piece| {
            bar.inc(piece);
            self.go_on()
        });
        bar.finish_and_clear();
        let result = result?;
        let took = self.clock.monotonic().saturating_sub(start);
        self.say(&format!("{doing}: {}, {}", mebibytes(bytes), rate(bytes, took)))?;
        Ok(result)
    }

    fn bar(&self, doing: &str, bytes: u64) -> ProgressBar {
        if !self.terminal {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stdout());
        let template = "    {msg} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style.progress_chars("=> ")).with_message(doing.to_owned()),
            Err(_) => bar,
        }
    }

    /// Time on the demo's clock.
    pub fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Waits a little.
    pub fn pause(&self) {
        self.clock.sleep(Duration::from_millis(10));
    }
}

/// `0.123 s`.
pub fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// `256.0 MiB`, or bytes when it is less than one.
pub fn mebibytes(bytes: u64) -> String {
    if bytes < 1 << 20 {
        return format!("{bytes} bytes");
    }
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn rate(bytes: u64, time: Duration) -> String {
    format!("{:.0} MiB/s", bytes as f64 / f64::from(1 << 20) / time.as_secs_f64().max(1e-6))
}

/// `1234567` as `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
            self.0.lock().write(buf)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn show(out: impl Write + 'static) -> (Show, Arc<AtomicBool>) {
        let (env, _) = env::Env::simulated(1);
        let stop = Arc::new(AtomicBool::new(false));
        (Show::on(env.clock, stop.clone(), Box::new(out)), stop)
    }

    #[test]
    fn steps_are_numbered_timed_and_say_when_they_fail() {
        let sink = Sink::default();
        let (mut show, _) = show(sink.clone());
        show.step("First", |s| {
            s.clock.sleep(Duration::from_millis(1500));
            s.say("a fact")
        })
        .unwrap();
        let failed = show.step("Second", |_| Err::<(), _>(Fault::new("broke")));
        assert_eq!(failed.unwrap_err().to_string(), "broke");
        let text = String::from_utf8(sink.0.lock().clone()).unwrap();
        let wanted =
            "\n 1. First\n    a fact\n    done in 1.500 s\n\n 2. Second\n    NOT done after 0.000 s\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn a_reader_who_has_gone_ends_the_demo_without_a_panic() {
        let (mut show, _) = show(Closed);
        assert!(show.step("First", |_| Ok(())).is_err());
    }

    #[test]
    fn a_signal_ends_work_at_its_next_piece_and_before_the_next_step() {
        let (mut show, stop) = show(Sink::default());
        let ended = show.with_bar("reading", 10, |progress| {
            progress(1)?;
            stop.store(true, Ordering::Relaxed);
            progress(1)
        });
        assert_eq!(ended.unwrap_err().to_string(), "interrupted");
        assert!(show.step("Next", |_| -> Result<(), Fault> { panic!("must not begin") }).is_err());
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(65_536), "65,536");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(mebibytes(4096), "4096 bytes");
        assert_eq!(mebibytes(256 << 20), "256.0 MiB");
        assert_eq!(rate(1 << 20, Duration::from_millis(500)), "2 MiB/s");
    }
}
