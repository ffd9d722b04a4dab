//! Terminal output: results on standard output, everything else on standard error.

use std::io::Write;

/// Writes a line to standard error. A closed stream is not an error.
pub(crate) fn tell(line: &str) {
    let _closed = writeln!(std::io::stderr().lock(), "{line}");
}

/// Writes text to standard output. A closed stream is not an error.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
