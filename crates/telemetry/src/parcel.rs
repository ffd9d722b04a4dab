//! An encoded export request.

use crate::Signal;
use bytes::Bytes;

/// An encoded OTLP export request, passed from encoding to an exporter. Cloning shares the body.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) signal: Signal,
    /// How many spans, log records or data points the body contains.
    pub(crate) items: usize,
    /// An `Export…ServiceRequest` in protobuf, uncompressed.
    pub(crate) body: Bytes,
}
