//! Terminal output: results on standard output, everything else on standard error.

use std::io::{self, Write};

/// A line for standard output: the answer to what was asked.
pub(crate) fn print(line: &str) {
    // A closed standard output does not stop the service.
    let _ = writeln!(io::stdout(), "{line}");
}

/// A line for standard error: warnings and errors.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
