//! Finds the pieces of an answer, regardless of the declared content type.

use super::sse::{EventTooLarge, SseParser};
use crate::wire::{End, Piece};
use serde::de::IgnoredAny;

/// The fields of server-sent events; a stream begins with one of them, or with a comment.
const FIELDS: &[&[u8]] = &[b"data", b"event", b"id", b"retry", b":"];
/// As many bytes as the longest field and its colon.
const ENOUGH: usize = 6;

/// The form of a body. The content type does not decide: servers send whole answers labelled as streams,
/// streams labelled as JSON, and either without a type.
#[derive(Debug)]
enum Form {
    /// The first bytes, without leading white space.
    Unknown(Vec<u8>),
    Events(SseParser),
    /// JSON documents, one or several, or something that is not an answer.
    Document(Vec<u8>),
}

/// The pieces of one body.
///
/// # Bounds
/// An event, or a body that is not a stream of events, larger than the limit is an error.
#[derive(Debug)]
pub(super) struct Framing {
    form: Form,
    limit: usize,
}

impl Framing {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            form: Form::Unknown(Vec::new()),
            limit,
        }
    }

    /// Adds the next bytes and returns the pieces that they complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Piece>, EventTooLarge> {
        match &mut self.form {
            Form::Events(events) => events.feed(bytes),
            Form::Document(document) => {
                if document.len() + bytes.len() > self.limit {
                    return Err(EventTooLarge(self.limit));
                }
                document.extend_from_slice(bytes);
                Ok(Vec::new())
            }
            Form::Unknown(first) => {
                first.extend_from_slice(bytes);
                let start = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
                let start = start.trim_ascii_start();
                let is_document = start.first().is_some_and(|byte| b"{[<".contains(byte));
                if !is_document && start.len() < ENOUGH {
                    let start = start.to_vec();
                    *first = start;
                    return Ok(Vec::new());
                }
                let start = start.to_vec();
                self.decide(is_document || !is_field(&start), &start)
            }
        }
    }

    /// The pieces at the end of the body, and whether the body is complete by itself.
    pub(super) fn finish(&mut self) -> Result<(Vec<Piece>, End), EventTooLarge> {
        if let Form::Unknown(first) = &self.form {
            let start = first.clone();
            self.decide(!is_field(&start), &start)?;
        }
        match &mut self.form {
            Form::Events(events) => Ok((events.finish().into_iter().collect(), End::Closed)),
            Form::Document(document) => Ok(documents(&std::mem::take(document))),
            Form::Unknown(_) => Ok((Vec::new(), End::Closed)),
        }
    }

    fn decide(&mut self, is_document: bool, start: &[u8]) -> Result<Vec<Piece>, EventTooLarge> {
        self.form = match is_document {
            true => Form::Document(Vec::new()),
            false => Form::Events(SseParser::new(self.limit)),
        };
        self.feed(start)
    }
}

fn is_field(start: &[u8]) -> bool {
    FIELDS.iter().any(|field| start.starts_with(field))
}

/// The JSON documents of a body; what follows them is a piece too. A body of one document is complete.
fn documents(body: &[u8]) -> (Vec<Piece>, End) {
    let text = String::from_utf8_lossy(body);
    let mut found = serde_json::Deserializer::from_str(&text).into_iter::<IgnoredAny>();
    let (mut pieces, mut from) = (Vec::new(), 0);
    let piece = |data: &str| Piece {
        name: None,
        data: data.trim().to_owned(),
    };
    while let Some(Ok(_)) = found.next() {
        pieces.push(piece(&text[from..found.byte_offset()]));
        from = found.byte_offset();
    }
    let is_one = pieces.len() == 1;
    if !text[from..].trim().is_empty() {
        pieces.push(piece(&text[from..]));
    }
    match is_one {
        true => (pieces, End::Marked),
        false => (pieces, End::Closed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(body: &str, size: usize) -> (Vec<String>, End) {
        let mut framing = Framing::new(1000);
        let mut pieces = Vec::new();
        for bytes in body.as_bytes().chunks(size) {
            pieces.extend(framing.feed(bytes).unwrap());
        }
        let (last, end) = framing.finish().unwrap();
        pieces.extend(last);
        (pieces.into_iter().map(|piece| piece.data).collect(), end)
    }

    #[test]
    fn a_body_is_known_by_how_it_begins() {
        for size in [1, 3, 100] {
            for body in [
                "data: {\"a\":1}\n\n",
                "\u{feff}\n\ndata: {\"a\":1}",
                ": ping\ndata: {\"a\":1}\n\n",
            ] {
                assert_eq!(
                    pieces(body, size),
                    (vec!["{\"a\":1}".to_owned()], End::Closed)
                );
            }
            let (whole, end) = pieces(" {\"a\":1}\n", size);
            assert_eq!((whole, end), (vec!["{\"a\":1}".to_owned()], End::Marked));
            let (lines, end) = pieces("{\"a\":1}\n{\"b\":2}\n", size);
            assert_eq!(lines, ["{\"a\":1}", "{\"b\":2}"]);
            assert_eq!(end, End::Closed);
            assert_eq!(pieces("<html>no</html>", size).0, ["<html>no</html>"]);
            assert_eq!(pieces("busy", size).0, ["busy"]);
            assert_eq!(pieces("", size).0, [""; 0]);
        }
    }

    #[test]
    fn a_body_has_a_largest_size_in_every_form() {
        for start in ["{\"a\":\"", "data: ", "<html>", "no "] {
            let mut framing = Framing::new(1000);
            let body = format!("{start}{}", "x".repeat(2000));
            assert_eq!(framing.feed(body.as_bytes()), Err(EventTooLarge(1000)));
        }
    }
}
