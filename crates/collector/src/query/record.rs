//! Decoding of stored records.

use glassbox_otlp::proto::Message;

/// Decodes a stored message. It was valid when it was stored.
pub(super) fn decode<M: Message + Default>(bytes: &[u8]) -> M {
    M::decode(bytes).unwrap_or_default()
}
