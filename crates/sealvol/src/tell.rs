//! Lines for whoever started the program.

use std::fmt::Arguments;
use std::io::Write;

/// Writes one line to standard error. Nobody reading it is no fault: `eprintln!` would panic there, and a server whose
/// starter has closed its end of the pipe must go on serving.
pub fn on_stderr(line: Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
