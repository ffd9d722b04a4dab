//! Parses server-sent events as the HTML standard defines, from chunks of any size.

/// The largest event, in bytes; enough for long arguments of tool calls.
const MAX_EVENT: usize = 8 << 20;

/// Finds events in a byte stream.
///
/// Only data is used: names, ids and comments are skipped.
///
/// # Bounds
/// An event of more than 8 MiB is an error.
#[derive(Debug, Default)]
pub(crate) struct SseParser {
    /// The current line.
    line: Vec<u8>,
    /// The data of the current event, its lines joined by newlines.
    data: Option<String>,
    /// Whether the last line ended with CR, so that an LF after it belongs to it.
    after_cr: bool,
    /// Whether the first line was seen; a byte order mark may precede it.
    begun: bool,
}

/// An event is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {MAX_EVENT} bytes")]
pub(crate) struct EventTooLarge;

impl SseParser {
    /// Takes the next bytes and returns the data of the events that end in them.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<String>, EventTooLarge> {
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
                    if held >= MAX_EVENT {
                        return Err(EventTooLarge);
                    }
                    self.line.push(byte);
                }
            }
        }
        Ok(events)
    }

    /// The data of a last event without its blank line. The standard drops it, but many servers leave the
    /// blank line out.
    pub(crate) fn finish(&mut self) -> Option<String> {
        if !self.line.is_empty() {
            // A line that is not empty does not end an event.
            let _none = self.end_line();
        }
        self.data.take()
    }

    /// Ends a line; returns the event that a blank line ends.
    fn end_line(&mut self) -> Option<String> {
        let mut line = std::mem::take(&mut self.line);
        if !std::mem::replace(&mut self.begun, true) && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        if line.is_empty() {
            return self.data.take();
        }
        let line = String::from_utf8_lossy(&line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        if field == "data" {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(pieces: &[&[u8]]) -> Vec<String> {
        let mut parser = SseParser::default();
        let mut events: Vec<String> = Vec::new();
        for piece in pieces {
            events.extend(parser.feed(piece).unwrap());
        }
        events.extend(parser.finish());
        events
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
        let mut parser = SseParser::default();
        let line = vec![b'x'; MAX_EVENT + 1];
        assert_eq!(parser.feed(&line), Err(EventTooLarge));
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
