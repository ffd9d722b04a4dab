//! Parses server-sent events as the HTML standard defines, from chunks of any size.

use crate::wire::Piece;

/// Finds events in a byte stream.
///
/// Ids and comments are skipped. A line that begins with `{` or `[` is treated as data: some servers
/// omit the field name, especially before an error.
///
/// # Bounds
/// An event larger than the limit is an error.
#[derive(Debug)]
pub(crate) struct SseParser {
    limit: usize,
    /// The current line.
    line: Vec<u8>,
    /// The name of the current event.
    name: Option<String>,
    /// The data of the current event, its lines joined by newlines.
    data: Option<String>,
    /// Whether the last line ended with CR, so that a following LF is part of the line ending.
    after_cr: bool,
    /// Whether the first line was seen; a byte order mark may precede it.
    begun: bool,
}

/// An event is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {0} bytes")]
pub(crate) struct EventTooLarge(pub(crate) usize);

impl SseParser {
    /// A parser of events of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            name: None,
            data: None,
            after_cr: false,
            begun: false,
        }
    }

    /// Adds the next bytes and returns the events that they complete.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Piece>, EventTooLarge> {
        let mut events = Vec::new();
        for &byte in bytes {
            let continues_crlf = std::mem::take(&mut self.after_cr) && byte == b'\n';
            match byte {
                b'\n' if continues_crlf => {}
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    events.extend(self.end_line());
                }
                byte => {
                    let held = self.data.as_ref().map_or(0, String::len) + self.line.len();
                    if held >= self.limit {
                        return Err(EventTooLarge(self.limit));
                    }
                    self.line.push(byte);
                }
            }
        }
        Ok(events)
    }

    /// A last event without its blank line. The standard drops it, but many servers leave the blank line out.
    pub(crate) fn finish(&mut self) -> Option<Piece> {
        if !self.line.is_empty() {
            // A non-empty line does not end an event.
            let _none = self.end_line();
        }
        self.end_event()
    }

    /// Ends a line; returns the event that a blank line ends.
    fn end_line(&mut self) -> Option<Piece> {
        let mut line = std::mem::take(&mut self.line);
        if !std::mem::replace(&mut self.begun, true) && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        if line.is_empty() {
            return self.end_event();
        }
        let line = String::from_utf8_lossy(&line);
        let (field, value) = match line.starts_with(['{', '[']) {
            true => ("data", &*line),
            false => line.split_once(':').unwrap_or((&line, "")),
        };
        let value = value.strip_prefix(' ').unwrap_or(value);
        match (field, &mut self.data) {
            ("data", Some(data)) => {
                data.push('\n');
                data.push_str(value);
            }
            ("data", None) => self.data = Some(value.to_owned()),
            ("event", _) => self.name = Some(value.to_owned()),
            _ => {}
        }
        None
    }

    fn end_event(&mut self) -> Option<Piece> {
        let name = self.name.take().filter(|name| !name.is_empty());
        let data = self.data.take()?;
        Some(Piece { name, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(pieces: &[&[u8]]) -> Vec<String> {
        let mut parser = SseParser::new(1000);
        let mut events: Vec<Piece> = Vec::new();
        for piece in pieces {
            events.extend(parser.feed(piece).unwrap());
        }
        events.extend(parser.finish());
        events.into_iter().map(|event| event.data).collect()
    }

    const STREAM: &str = "\u{feff}: hello\ndata: one\n\nevent: x\ndata: æ\ndata:two\nid: 7\n\n: ping\n\ndata: [DONE]\n\n";

    #[test]
    fn only_data_is_taken_and_its_lines_are_joined() {
        assert_eq!(parse(&[STREAM.as_bytes()]), ["one", "æ\ntwo", "[DONE]"]);
    }

    #[test]
    fn every_line_end_will_do() {
        for end in ["\r\n", "\r", "\n"] {
            let stream = STREAM.replace('\n', end);
            assert_eq!(parse(&[stream.as_bytes()]), ["one", "æ\ntwo", "[DONE]"]);
        }
    }

    #[test]
    fn it_can_be_cut_at_every_byte() {
        for end in ["\r\n", "\r", "\n"] {
            let stream = STREAM.replace('\n', end).into_bytes();
            for at in 0..=stream.len() {
                let (left, right) = stream.split_at(at);
                assert_eq!(
                    parse(&[left, right]),
                    ["one", "æ\ntwo", "[DONE]"],
                    "at {at}"
                );
            }
        }
    }

    #[test]
    fn a_last_event_without_its_blank_line_counts() {
        assert_eq!(parse(&[b"data: [DONE]"]), ["[DONE]"]);
        assert_eq!(parse(&[b"data: a\n"]), ["a"]);
        assert_eq!(parse(&[b"data: a\n\n"]), ["a"]);
    }

    #[test]
    fn an_event_has_a_largest_size() {
        let mut parser = SseParser::new(1000);
        let line = vec![b'x'; 1001];
        assert_eq!(parser.feed(&line), Err(EventTooLarge(1000)));
        // Lines of one event count together.
        let mut parser = SseParser::new(1000);
        let lines = "data: 123456789\n".repeat(200);
        assert_eq!(parser.feed(lines.as_bytes()), Err(EventTooLarge(1000)));
    }

    #[test]
    fn events_have_names_and_data_may_lack_its_field() {
        let mut parser = SseParser::new(1000);
        let stream = b"event: error\ndata: {}\n\n{\"a\": 1}\n\ndata: b\n\n";
        let events = parser.feed(stream).unwrap();
        let named = |name: Option<&str>, data: &str| Piece {
            name: name.map(str::to_owned),
            data: data.to_owned(),
        };
        assert_eq!(
            events,
            [
                named(Some("error"), "{}"),
                named(None, "{\"a\": 1}"),
                named(None, "b")
            ]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (whole, parts) = (parse(&[&bytes]), bytes.chunks(1).collect::<Vec<_>>());
            prop_assert_eq!(whole, parse(&parts));
        }

        #[test]
        fn cuts_change_nothing(
            texts in proptest::collection::vec("[a-zæ:\\[ ]{1,8}", 0..6),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let stream: String = texts.iter().map(|text| format!("data:{text}\r\n\r\n")).collect();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            at.extend([0, stream.len()]);
            at.sort_unstable();
            let bytes = stream.as_bytes();
            let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let expected: Vec<&str> = texts.iter().map(|text| text.strip_prefix(' ').unwrap_or(text)).collect();
            prop_assert_eq!(parse(&pieces), expected);
        }
    }
}
