//! HTTP/1.1 requests whose bodies have a length.

use super::Message;

/// All complete requests of one connection.
pub(super) fn messages(mut sent: &[u8]) -> Vec<Message> {
    let mut messages = Vec::new();
    while let Some(end) = sent.windows(4).position(|four| four == b"\r\n\r\n") {
        let head = String::from_utf8(sent[..end].to_vec()).unwrap();
        let rest = &sent[end + 4..];
        let length: usize = header(&head, "content-length").unwrap().parse().unwrap();
        let Some((body, after)) = rest.split_at_checked(length) else {
            break;
        };
        messages.push(Message {
            flagged: header(&head, "content-encoding").is_some(),
            head,
            body: body.to_vec(),
        });
        sent = after;
    }
    messages
}

/// The value of a header.
pub(super) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().skip(1);
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(field, _)| field.eq_ignore_ascii_case(name))?;
    Some(value.trim())
}

impl Message {
    /// The value of a header of an HTTP request.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}
