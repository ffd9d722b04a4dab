//! Whether requests are compressed as configured.

use crate::{collector::Signal, wire::Message};

/// How requests are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// The name in settings and headers.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The first bytes of compressed data.
    const fn magic(self) -> &'static [u8] {
        match self {
            // The tag of the first field of an export request, which is a message.
            Self::None => &[0x0a],
            Self::Gzip => &[0x1f, 0x8b],
            Self::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
        }
    }

    /// A collector config that accepts only this compression over HTTP.
    pub(super) fn only_over_http(self) -> String {
        let word = match self {
            Self::None => "",
            other => other.as_str(),
        };
        format!(
            "receivers: {{ otlp: {{ protocols: {{ http: {{ compression_algorithms: [\"{word}\"] }} }} }} }}"
        )
    }

    /// Asserts that all requests are compressed in this way and state it in a header.
    pub(super) fn assert_seen_over_http(self, messages: &[Message], signal: Signal) {
        assert!(!messages.is_empty(), "nothing went over the wire");
        let line = format!("POST /v1/{} HTTP/1.1", signal.as_str());
        for message in messages {
            assert_eq!(message.head.lines().next(), Some(line.as_str()));
            assert_eq!(
                message.header("content-type"),
                Some("application/x-protobuf")
            );
            let said = message.header("content-encoding");
            let word = (self != Self::None).then_some(self.as_str());
            assert_eq!(said, word, "{}", message.head);
        }
        self.assert_seen(messages);
    }

    /// Asserts that all messages are compressed in this way and flagged. The collector has checked the
    /// algorithm's name in the headers, because it could not have decompressed them otherwise.
    pub(super) fn assert_seen_over_grpc(self, messages: &[Message]) {
        assert!(!messages.is_empty(), "nothing went over the wire");
        self.assert_seen(messages);
    }

    fn assert_seen(self, messages: &[Message]) {
        for message in messages {
            assert_eq!(message.flagged, self != Self::None, "{message:?}");
            let begins = message.body.starts_with(self.magic());
            assert!(
                begins,
                "{self:?} begins otherwise: {:?}",
                &message.body[..8]
            );
        }
    }
}
