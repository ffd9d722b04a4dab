//! Valid records and their encoded bytes, as passed to a consumer.

use std::sync::OnceLock;

use bytes::Bytes;

use crate::cost::{Meter, Overrun};
use crate::json::{self, JsonError};
use crate::rejections::Rejections;
use crate::sift::{SiftError, sift, without_groups};
use crate::validate::remove_invalid;
use crate::walk::{Flaw, Stop, census};
use crate::{Request, Signal};

/// The records of one export request that passed the checks of this crate.
///
/// The bytes are the protobuf message as the client sent it, unknown fields included. If single
/// records were rejected, or text was mended, the message is rebuilt. If the client sent JSON, it is
/// the decoded message encoded as protobuf. Concatenating the bytes of several batches of one signal gives a valid message.
///
/// The message is decoded at most once, on first access: a consumer that only keeps the bytes does not pay
/// for decoding.
#[derive(Clone, Debug)]
pub struct Batch {
    signal: Signal,
    bytes: Bytes,
    records: u64,
    request: OnceLock<Request>,
}

impl Batch {
    /// Encodes a message that is known to be valid into a batch.
    #[must_use]
    pub fn new(request: Request) -> Self {
        Self {
            signal: request.signal(),
            bytes: request.to_protobuf().into(),
            records: request.records(),
            request: request.into(),
        }
    }

    /// Makes a batch from protobuf bytes, leaving out invalid records.
    ///
    /// Text that is not UTF-8 is mended, and the scopes of protocols before OTLP 0.15 are renamed. If
    /// nothing had to change, the batch has the given bytes.
    ///
    /// # Errors
    ///
    /// Fails if something outside of the records is not valid protobuf or is nested deeper than 100
    /// messages.
    ///
    /// # Bounds
    ///
    /// Memory use is a small multiple of the length of the bytes; a malicious sender can make the message
    /// that [`request`](Self::request) builds later about a hundred times as large. A receiver limits both.
    pub fn from_protobuf(
        signal: Signal,
        bytes: Bytes,
    ) -> Result<(Self, Rejections), ProtobufError> {
        Self::read_protobuf(signal, bytes, &mut Meter::unlimited()).map_err(|error| match error {
            SiftError::Malformed(flaw) => ProtobufError(flaw),
            SiftError::Overrun(overrun) => unreachable!("invariant: there is no limit: {overrun}"),
        })
    }

    /// Makes a batch from protobuf bytes, charging the cost of decoding them.
    pub(crate) fn read_protobuf(
        signal: Signal,
        bytes: Bytes,
        meter: &mut Meter<'_>,
    ) -> Result<(Self, Rejections), SiftError> {
        let (mut bytes, limit) = (bytes, meter.limit());
        let mut walked = census(signal, &bytes, limit);
        if let Err(Stop::Malformed(Flaw::Field)) = walked
            && let Some(rebuilt) = without_groups(&bytes)
        {
            bytes = rebuilt.into();
            walked = census(signal, &bytes, limit);
        }
        let census = walked.map_err(|stop| match stop {
            Stop::Malformed(flaw) => SiftError::Malformed(flaw),
            Stop::Costly => Overrun::Request(limit).into(),
        })?;
        meter.cover(census.cost)?;
        let mut rejections = Rejections::default();
        if let Some(number) = census.unknown {
            rejections.note_unknown(|| format!("field number {number}"));
        }
        let (bytes, records) = if census.sound {
            (bytes, census.records)
        } else {
            let (bytes, records) = sift(signal, &bytes, meter, &mut rejections)?;
            (bytes.into(), records)
        };
        let request = OnceLock::new();
        let batch = Self {
            signal,
            bytes,
            records,
            request,
        };
        Ok((batch, rejections))
    }

    /// Makes a batch from OTLP/JSON, leaving out invalid records.
    ///
    /// # Errors
    ///
    /// Fails on malformed JSON, and on values of the wrong kind outside of records; the error contains their path.
    ///
    /// # Bounds
    ///
    /// A malicious sender can make memory use about a hundred times the length of the text. A receiver limits it.
    pub fn from_json(signal: Signal, text: &[u8]) -> Result<(Self, Rejections), JsonError> {
        let text = Bytes::copy_from_slice(text);
        Self::read_json(signal, text, &mut Meter::unlimited())
    }

    /// Makes a batch from OTLP/JSON, charging the memory that is allocated.
    pub(crate) fn read_json(
        signal: Signal,
        text: Bytes,
        meter: &mut Meter<'_>,
    ) -> Result<(Self, Rejections), JsonError> {
        let (mut request, mut rejections) = match signal {
            Signal::Traces => {
                let (request, rejections) = json::read(text, meter)?;
                (Request::Traces(request), rejections)
            }
            Signal::Metrics => {
                let (request, rejections) = json::read(text, meter)?;
                (Request::Metrics(request), rejections)
            }
            Signal::Logs => {
                let (request, rejections) = json::read(text, meter)?;
                (Request::Logs(request), rejections)
            }
        };
        rejections.append(remove_invalid(&mut request));
        let batch = Self {
            signal,
            bytes: request.to_protobuf().into(),
            records: request.records(),
            // Consumers keep the bytes; the decoded message would take several times as much memory.
            request: OnceLock::new(),
        };
        Ok((batch, rejections))
    }

    /// Returns the signal of the batch.
    #[must_use]
    pub const fn signal(&self) -> Signal {
        self.signal
    }

    /// Returns the message, decoding it the first time.
    #[must_use]
    pub fn request(&self) -> &Request {
        self.request
            .get_or_init(|| decode(self.signal, &self.bytes))
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

    /// Splits the batch into its message and bytes, decoding the message if that was not done before.
    #[must_use]
    pub fn into_parts(self) -> (Request, Bytes) {
        let request = self.request.into_inner();
        (
            request.unwrap_or_else(|| decode(self.signal, &self.bytes)),
            self.bytes,
        )
    }
}

fn decode(signal: Signal, bytes: &[u8]) -> Request {
    Request::from_protobuf(signal, bytes)
        .expect("invariant: what the walk calls sound, the decoder reads")
}

/// The bytes are not an export request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct ProtobufError(Flaw);
