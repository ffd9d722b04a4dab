//! One file of frames and its blocks in the index.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use glassbox_otlp::Signal;

use crate::frame::{FrameHeader, SegmentHeader};
use crate::gate::{Gate, Pass};
use crate::rows::Rows;

/// Memory of a block besides its rows: the struct itself, and the allocator's overhead.
const BLOCK_MEMORY: u64 = 160;

/// One frame in the index.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) header: FrameHeader,
    /// Where the payload starts in the file.
    pub(crate) offset: u64,
    pub(crate) rows: Rows,
    /// The traces in this block, sorted by id; empty for metrics.
    traces: Box<[[u8; 16]]>,
    /// About how many bytes of memory the block takes.
    pub(crate) memory: u64,
}

impl Block {
    pub(crate) fn new(header: FrameHeader, offset: u64, rows: Rows) -> Self {
        let mut traces: Vec<[u8; 16]> = match &rows {
            Rows::Spans(rows) => rows.iter().map(|row| row.trace_id).collect(),
            Rows::Logs(rows) => rows.iter().map(|row| row.trace_id).collect(),
            Rows::Points(_) => Vec::new(),
        };
        traces.sort_unstable();
        traces.dedup();
        let memory = BLOCK_MEMORY + rows.memory() + 16 * traces.len() as u64;
        Self {
            header,
            offset,
            rows,
            traces: traces.into(),
            memory,
        }
    }

    /// Returns an upper bound of the memory that a block of `rows` will take, approximately.
    pub(crate) fn expected_memory(rows: &Rows) -> u64 {
        BLOCK_MEMORY + rows.memory() + 16 * rows.len() as u64
    }

    /// Returns the sequence number after the last record.
    pub(crate) fn end_sequence(&self) -> u64 {
        self.header.first_sequence + self.rows.len() as u64
    }

    /// Returns whether any record of the block belongs to `trace`.
    pub(crate) fn has_trace(&self, trace: &[u8; 16]) -> bool {
        self.traces.binary_search(trace).is_ok()
    }

    /// Returns the ids of the traces in this block, each once.
    pub(crate) fn traces(&self) -> &[[u8; 16]] {
        &self.traces
    }

    /// Returns whether any record's time may be in `[since, until]`.
    pub(crate) fn overlaps(&self, since: Option<u64>, until: Option<u64>) -> bool {
        since.is_none_or(|since| self.header.max_time >= since)
            && until.is_none_or(|until| self.header.min_time <= until)
    }
}

/// An open segment file. It stays readable after it is unlinked.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) id: u64,
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    file: File,
    /// Bounds the requests that all readers of the store hold at a time.
    reads: Arc<Gate>,
}

/// The limit of decompressed requests in memory, over all readers of a store.
pub(crate) const READ_BYTES: u64 = 128 << 20;

/// A request that was read back. It occupies its share of [`READ_BYTES`] until it is dropped.
#[derive(Debug)]
pub(crate) struct Stored {
    request: Vec<u8>,
    _share: Pass,
}

impl std::ops::Deref for Stored {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.request
    }
}

impl Segment {
    pub(crate) fn new(
        id: u64,
        path: PathBuf,
        header: SegmentHeader,
        file: File,
        reads: &Arc<Gate>,
    ) -> Self {
        Self {
            id,
            path,
            header,
            file,
            reads: Arc::clone(reads),
        }
    }

    /// Reads and unpacks the request in `block`. Waits while other readers hold too much.
    pub(crate) fn read(&self, block: &Block) -> io::Result<Stored> {
        let share = u64::from(block.header.len) + u64::from(block.header.raw_len);
        let share = self.reads.enter(share);
        let mut payload = vec![0; block.header.len as usize];
        self.file.read_exact_at(&mut payload, block.offset)?;
        let sound = block.header.holds(&payload).then_some(payload);
        let request = sound.and_then(|payload| block.header.unpack(payload.into()));
        let request = request.ok_or_else(|| {
            let place = format!(
                "damaged block at {} of {}",
                block.offset,
                self.path.display()
            );
            io::Error::new(io::ErrorKind::InvalidData, place)
        })?;
        Ok(Stored {
            request,
            _share: share,
        })
    }
}

/// Number of records by signal, of a segment or a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Records {
    /// Spans.
    pub spans: u64,
    /// Data points of metrics.
    pub data_points: u64,
    /// Log records.
    pub log_records: u64,
}

impl Records {
    pub(crate) fn add(&mut self, signal: Signal, records: u64) {
        let count = match signal {
            Signal::Traces => &mut self.spans,
            Signal::Metrics => &mut self.data_points,
            Signal::Logs => &mut self.log_records,
        };
        *count += records;
    }

    pub(crate) fn total(&self) -> u64 {
        self.spans + self.data_points + self.log_records
    }

    pub(crate) fn plus(self, other: Records) -> Records {
        Records {
            spans: self.spans + other.spans,
            data_points: self.data_points + other.data_points,
            log_records: self.log_records + other.log_records,
        }
    }
}

/// A segment with the blocks that it had at one moment.
#[derive(Debug, Clone)]
pub(crate) struct SegmentView {
    pub(crate) segment: Arc<Segment>,
    pub(crate) blocks: Arc<Vec<Arc<Block>>>,
    pub(crate) bytes: u64,
    pub(crate) records: Records,
    /// About how many bytes of memory the blocks take.
    pub(crate) memory: u64,
    /// When the last frame arrived.
    pub(crate) last_received: u64,
}

impl SegmentView {
    pub(crate) fn empty(segment: Segment) -> Self {
        let created = segment.header.created;
        Self {
            segment: Arc::new(segment),
            blocks: Arc::default(),
            bytes: SegmentHeader::LEN as u64,
            records: Records::default(),
            memory: 0,
            last_received: created,
        }
    }

    pub(crate) fn push(&mut self, block: Block, frame_bytes: u64) {
        self.bytes += frame_bytes;
        self.memory += block.memory;
        self.records
            .add(block.header.signal, block.rows.len() as u64);
        self.last_received = self.last_received.max(block.header.received);
        // Copies the list only if a query still holds the old one.
        Arc::make_mut(&mut self.blocks).push(Arc::new(block));
    }

    /// Returns the latest time of any record.
    pub(crate) fn max_time(&self) -> Option<u64> {
        self.blocks.iter().map(|block| block.header.max_time).max()
    }
}

/// Returns the file name of segment `id`; names sort as ids do.
pub(crate) fn file_name(id: u64) -> String {
    format!("{id:012}.seg")
}

/// The largest id that fits into a file name.
pub(crate) const MAX_ID: u64 = 999_999_999_999;

/// Reads the id back from a file name; `None` if it is not a segment's name.
pub(crate) fn id_of(name: &str) -> Option<u64> {
    let id = name.strip_suffix(".seg")?.parse().ok()?;
    (file_name(id) == name && id <= MAX_ID).then_some(id)
}
