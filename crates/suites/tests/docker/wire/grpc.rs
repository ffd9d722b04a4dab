//! Messages of gRPC, which lie in the data frames of HTTP/2.

use super::Message;
use std::collections::BTreeMap;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const PADDED: u8 = 8;

/// All whole messages of one connection.
pub(super) fn messages(sent: &[u8]) -> Vec<Message> {
    let mut frames = sent.strip_prefix(PREFACE).unwrap();
    let mut streams: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    // A frame: three bytes of length, one of type, one of flags, four of stream, then the payload.
    while let Some((head, rest)) = frames.split_first_chunk::<9>() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let Some((payload, after)) = rest.split_at_checked(length) else {
            break;
        };
        if head[3] == DATA {
            assert_eq!(head[4] & PADDED, 0, "padding is not understood here");
            streams.entry(stream).or_default().extend(payload);
        }
        frames = after;
    }
    streams.values().filter_map(|data| message(data)).collect()
}

/// One byte that says whether it is compressed, four of length, then the message; a call has one.
fn message(data: &[u8]) -> Option<Message> {
    let (head, body) = data.split_first_chunk::<5>()?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    (body.len() == length).then(|| Message {
        head: String::new(),
        flagged: head[0] == 1,
        body: body.to_vec(),
    })
}
