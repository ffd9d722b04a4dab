//! The segment store: keeps OTLP requests as received and finds records by columns.
//!
//! A [`SegmentStore`] appends the bytes of a request as one frame of its newest segment file. The
//! request is acknowledged after the write returned, so it survives the death of the process at
//! once. A thread syncs what was written within 200 ms: a power cut may lose the last 200 ms, a
//! `SIGKILL` loses nothing. [`Retention`] removes whole segments, oldest first.
//!
//! Queries read a [`View`], a frozen state of the store, by a [`Scan`] over the columns of one
//! signal: [`SpanColumns`], [`LogColumns`] or [`PointColumns`]. What no column holds is read from
//! the stored bytes by [`fetch`].
//!
//! The words of this crate: a *segment* is a file; a *frame* is one request in it, compressed and with
//! checksums; a *block* is the entry of a frame in the index in memory; a *row* is the entry of one span,
//! log record or data point.
//!
//! ```
//! use std::time::Duration;
//!
//! use glassbox_otlp::{Batch, Request, proto::ExportTraceServiceRequest};
//! use glassbox_store::{Predicate, Retention, SegmentStore, SpanColumns};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let request = ExportTraceServiceRequest::default();
//! let store = SegmentStore::open(folder.path(), Retention::default(), || 0)?;
//! store.append(&Batch::new(Request::Traces(request)))?;
//!
//! let view = store.view();
//! let failed = Predicate::default().service(Some("agent")).errors_only(true);
//! for span in view.scan::<SpanColumns>(&failed).hits() {
//!     println!("{} {}", span.columns().name(), span.columns().start());
//! }
//! store.close()?;
//! # Ok(())
//! # }
//! ```

mod attributes;
mod clock;
mod columns;
mod frame;
mod gate;
mod index;
mod medium;
mod names;
mod predicate;
mod pruned;
mod recovery;
mod retention;
mod rows;
mod scan;
mod segment;
mod store;
mod trace;
mod view;
mod writer;

pub use attributes::{Count, Mark};
pub use clock::Clock;
pub use columns::{LogColumns, Metric, MetricKind, PointColumns, Source, SpanColumns};
pub use predicate::Predicate;
pub use pruned::Pruned;
pub use retention::Retention;
pub use scan::{Columns, Hit, Hits, Scan, Text, fetch};
pub use segment::Records;
pub use store::{AppendError, OpenError, SegmentStore};
pub use trace::{Distinct, Usage};
pub use view::View;
