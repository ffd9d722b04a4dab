//! What a consumer is handed: sound records and the bytes that hold them.

use std::sync::OnceLock;

use bytes::Bytes;

use crate::json::JsonError;
use crate::validate::{Rejections, remove_invalid};
use crate::walk::census;
use crate::{Request, Signal};

/// The records of one export request that passed the checks of this crate.
///
/// The bytes are the protobuf message as the client sent it, unknown fields included. Where the
/// client sent JSON, or where single records were rejected, they are the decoded message encoded
/// again. Concatenating the bytes of several batches of one signal gives a valid message.
///
/// A consumer that only keeps the bytes never pays for decoding: the message is decoded when it
/// is asked for, once.
#[derive(Clone, Debug)]
pub struct Batch {
    signal: Signal,
    bytes: Bytes,
    records: u64,
    request: OnceLock<Request>,
}

impl Batch {
    /// Makes a batch of a message that is known to be sound, encoding it.
    #[must_use]
    pub fn new(request: Request) -> Self {
        Self {
            signal: request.signal(),
            bytes: request.to_protobuf().into(),
            records: request.records(),
            request: request.into(),
        }
    }

    /// Makes a batch of protobuf bytes, without the records that are not sound.
    ///
    /// The bytes of a batch that loses no record are those given.
    ///
    /// # Errors
    ///
    /// Fails on malformed protobuf, on a string that is not UTF-8 and on messages nested deeper
    /// than 100 levels.
    pub fn from_protobuf(
        signal: Signal,
        bytes: Bytes,
    ) -> Result<(Self, Rejections), prost::DecodeError> {
        if let Some(census) = census(signal, &bytes) {
            let batch = Self {
                signal,
                bytes,
                records: census.records,
                request: OnceLock::new(),
            };
            return Ok((batch, Rejections::default()));
        }
        let mut request = Request::from_protobuf(signal, &bytes)?;
        let rejections = remove_invalid(&mut request);
        if !rejections.is_empty() {
            return Ok((Self::new(request), rejections));
        }
        let records = request.records();
        Ok((
            Self {
                signal,
                bytes,
                records,
                request: request.into(),
            },
            rejections,
        ))
    }

    /// Makes a batch of OTLP/JSON, without the records that are not sound.
    ///
    /// # Errors
    ///
    /// Fails on malformed JSON and on values of the wrong kind, naming the place.
    pub fn from_json(signal: Signal, text: &[u8]) -> Result<(Self, Rejections), JsonError> {
        let mut request = Request::from_json(signal, text)?;
        let rejections = remove_invalid(&mut request);
        Ok((Self::new(request), rejections))
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

    /// Takes the batch apart, decoding the message if that was not done before.
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
