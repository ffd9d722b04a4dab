//! Decoding of stored records.

use glassbox_otlp::proto::Message;

/// Decodes a stored message; stored bytes were decoded once before, so this does not fail.
pub(super) fn decode<M: Message + Default>(bytes: &[u8]) -> M {
    M::decode(bytes).unwrap_or_default()
}
