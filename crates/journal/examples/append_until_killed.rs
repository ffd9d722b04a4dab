//! Appends, acknowledges and prunes until it is killed, and prints what was done. A test runs it.

use glassbox_journal::{Journal, Options};
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name the journal's folder")?;
    let options = Options::new()
        .with_max_record(100)
        .with_segment_bytes(256)
        .with_max_bytes(1 << 20);
    let journal = Journal::open(folder, options)?;
    let cursor = journal.cursor("c")?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "open")?;
    loop {
        let next = journal.end();
        let payload = vec![next as u8; (next * 7 % 100) as usize];
        let sequence = journal.append(0, &payload)?;
        // A complete line ends with a full stop.
        writeln!(out, "appended {sequence}.")?;
        if sequence % 5 == 0 {
            writeln!(out, "passing {}.", sequence - 3)?;
            cursor.acknowledge(sequence - 3)?;
            writeln!(out, "passed {}.", sequence - 3)?;
            journal.prune()?;
        }
    }
}
