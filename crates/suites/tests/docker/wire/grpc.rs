//! gRPC messages, which are in the data frames of HTTP/2.

use super::Message;
use std::collections::BTreeMap;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PADDED: u8 = 8;

/// A complete frame.
struct Frame<'a> {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: &'a [u8],
}

/// All complete messages of one connection.
pub(super) fn messages(sent: &[u8]) -> Vec<Message> {
    let mut streams: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    for frame in frames(sent).iter().filter(|frame| frame.kind == DATA) {
        assert_eq!(frame.flags & PADDED, 0, "padding is not understood here");
        streams
            .entry(frame.stream)
            .or_default()
            .extend(frame.payload);
    }
    streams.values().filter_map(|data| message(data)).collect()
}

/// The number of calls started on one connection: each sends its headers once.
pub(super) fn calls(sent: &[u8]) -> usize {
    let frames = frames(sent);
    frames.iter().filter(|frame| frame.kind == HEADERS).count()
}

/// A frame is three bytes of length, one of type, one of flags, four of stream, then the payload.
fn frames(sent: &[u8]) -> Vec<Frame<'_>> {
    let mut frames = Vec::new();
    let mut rest = sent.strip_prefix(PREFACE).unwrap_or_default();
    while let Some((head, after)) = rest.split_first_chunk::<9>() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let Some((payload, after)) = after.split_at_checked(length) else {
            break;
        };
        frames.push(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            payload,
        });
        rest = after;
    }
    frames
}

/// One byte for the compression flag, four for the length, then the message. A call has one message.
fn message(data: &[u8]) -> Option<Message> {
    let (head, body) = data.split_first_chunk::<5>()?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    (body.len() == length).then(|| Message {
        head: String::new(),
        flagged: head[0] == 1,
        body: body.to_vec(),
    })
}
