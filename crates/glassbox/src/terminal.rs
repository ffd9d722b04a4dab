//! Terminal output: results on standard output, everything else on standard error.

use std::io::{self, Write};

/// Prints a line to standard output: requested results.
pub(crate) fn print(line: &str) {
    // A closed standard output does not stop the service.
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints a line to standard error: warnings and errors.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
