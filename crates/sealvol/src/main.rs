//! The `sealvol` program.
fn main() {}
