//! The cost of an append, a durable append, a read and a recovery: `cargo bench -p glassbox-journal`.
//!
//! The lower bound next to them is the same bytes written with `write_at` alone.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use glassbox_journal::{Journal, Options, Read};
use std::{
    error::Error,
    fs::File,
    hint::black_box,
    os::unix::fs::FileExt,
    thread,
    time::{Duration, Instant},
};

const PAYLOAD: [u8; 256] = [7; 256];
const RECORDS: u32 = 100_000;
const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut appends = Vec::new();
    let mut floors = Vec::new();
    for round in 0..ROUNDS {
        let journal = Journal::open(
            folder.path().join(format!("append-{round}")),
            Options::new(),
        )?;
        let start = Instant::now();
        for _ in 0..RECORDS {
            journal.append(0, &PAYLOAD)?;
        }
        appends.push(start.elapsed() / RECORDS);
        let file = File::create(folder.path().join(format!("floor-{round}")))?;
        let start = Instant::now();
        for n in 0..u64::from(RECORDS) {
            file.write_all_at(&PAYLOAD, n * 280)?;
        }
        floors.push(start.elapsed() / RECORDS);
    }
    let (append, floor) = (median(&mut appends), median(&mut floors));
    let ratio = append.as_secs_f64() / floor.as_secs_f64();
    println!("append, 256 B: {append:?}; write_at alone {floor:?}; ratio {ratio:.2}");

    for threads in [1, 8] {
        let journal = Journal::open(
            folder.path().join(format!("durable-{threads}")),
            Options::new(),
        )?;
        let start = Instant::now();
        let writers = (0..threads).map(|_| {
            let journal = journal.clone();
            thread::spawn(move || {
                (0..200).try_for_each(|_| journal.append_durable(0, &PAYLOAD).map(drop))
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.join().map_err(|_| "a writer panicked")??;
        }
        let rate = f64::from(threads * 200) / start.elapsed().as_secs_f64();
        println!("durable appends, {threads} threads: {rate:.0} a second");
    }

    let path = folder.path().join("append-0");
    let start = Instant::now();
    let options = Options::new()
        .with_segment_bytes(1 << 30)
        .with_max_bytes(2 << 30);
    let journal = Journal::open(&path, options)?;
    println!(
        "open: {:?} for {} MB",
        start.elapsed(),
        journal.bytes() / 1_000_000
    );
    let start = Instant::now();
    let mut reader = journal.reader(0);
    let mut bytes = 0;
    while let Some(read) = reader.next()? {
        if let Read::Record(record) = read {
            bytes += black_box(record.payload()).len();
        }
    }
    let rate = bytes as f64 / 1e6 / start.elapsed().as_secs_f64();
    println!("read: {rate:.0} MB/s of payload");
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
