//! What a consumer is handed: sound records and the bytes that hold them.

use bytes::Bytes;

use crate::{Request, Signal};

/// The records of one export request that passed the checks of this crate, decoded and as bytes.
///
/// The bytes are the protobuf message as the client sent it, unknown fields included. Where the
/// client sent JSON, or where single records were rejected, they are the decoded message encoded
/// again. Concatenating the bytes of several batches of one signal gives a valid message.
#[derive(Clone, Debug)]
pub struct Batch {
    request: Request,
    bytes: Bytes,
    records: u64,
}

impl Batch {
    /// Makes a batch of a message that is known to be sound, encoding it.
    #[must_use]
    pub fn new(request: Request) -> Self {
        let bytes = Bytes::from(request.to_protobuf());
        Self::with_bytes(request, bytes)
    }

    /// Makes a batch of a message and the bytes it was decoded from.
    pub(crate) fn with_bytes(request: Request, bytes: Bytes) -> Self {
        let records = request.records();
        Self {
            request,
            bytes,
            records,
        }
    }

    /// Returns the signal of the batch.
    #[must_use]
    pub const fn signal(&self) -> Signal {
        self.request.signal()
    }

    /// Returns the decoded message.
    #[must_use]
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// Returns the protobuf encoding of the message.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the number of spans, data points or log records.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Takes the batch apart without copying.
    #[must_use]
    pub fn into_parts(self) -> (Request, Bytes) {
        (self.request, self.bytes)
    }
}
