//! Everything repeated
fn main() {}
