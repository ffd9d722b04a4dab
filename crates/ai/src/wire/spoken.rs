//! Text that arrives in pieces.

use super::{
    conceal::Conceal,
    surrogates::{join, marked},
};

/// Text so far. Characters and secrets that are split between pieces are completed before they are
/// passed on.
#[derive(Debug)]
pub(crate) struct Spoken {
    conceal: Conceal,
    text: String,
    /// The number of bytes at the end of the text that are held back, because they may be the beginning
    /// of a secret.
    held: usize,
    /// The first surrogate of a split character.
    high: Option<u32>,
}

impl Spoken {
    pub(crate) fn new(conceal: Conceal) -> Self {
        Self {
            conceal,
            text: String::new(),
            held: 0,
            high: None,
        }
    }

    /// The text so far, without a split character at its end.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.high.is_none()
    }

    /// Adds a piece, in which private-use characters may stand for surrogates; returns the text to pass
    /// on.
    pub(crate) fn push(&mut self, piece: &str, has_marks: bool) -> String {
        if self.high.is_none() && !has_marks {
            self.text.push_str(piece);
            return self.ready(piece.len());
        }
        let before = self.text.len();
        for letter in piece.chars() {
            let half = marked(letter).filter(|_| has_marks);
            let whole = match (self.high.take(), half) {
                (Some(high), Some(low)) => join(high, low),
                (Some(_), None) => {
                    self.text.push(char::REPLACEMENT_CHARACTER);
                    None
                }
                (None, _) => None,
            };
            match (whole, half) {
                (Some(whole), _) => self.text.push(whole),
                (None, Some(half)) if half < 0xDC00 => self.high = Some(half),
                (None, Some(_)) => self.text.push(char::REPLACEMENT_CHARACTER),
                (None, None) => self.text.push(letter),
            }
        }
        self.ready(self.text.len() - before)
    }

    /// An empty text that conceals the same secrets.
    pub(crate) fn renewed(&self) -> Self {
        Self::new(self.conceal.clone())
    }

    /// Ends the text; returns the part that was held back.
    pub(crate) fn end(&mut self) -> String {
        if self.high.take().is_some() {
            self.text.push(char::REPLACEMENT_CHARACTER);
            self.held += char::REPLACEMENT_CHARACTER.len_utf8();
        }
        self.held = self.held.min(self.text.len());
        let rest = self.text[self.text.len() - self.held..].to_owned();
        self.held = 0;
        rest
    }

    /// The part at the end of the text that can be passed on, after `more` bytes were added.
    fn ready(&mut self, more: usize) -> String {
        let from = self.text.len() - more - self.held;
        let open = self.conceal.within(&self.text[from..]).into_owned();
        let held = self.conceal.held_back(&open);
        // A secret is ASCII, or split between characters, so the rest of the text ends on a character
        // boundary.
        let held = (held..=open.len())
            .find(|held| open.is_char_boundary(open.len() - held))
            .unwrap_or(0);
        self.text.truncate(from);
        self.text.push_str(&open);
        self.held = held;
        open[..open.len() - held].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::surrogates::{Halves, mend},
        *,
    };

    fn spoken(pieces: &[&str]) -> (Vec<String>, String) {
        let mut spoken = Spoken::new(Conceal::new(["sk-secret-1".to_owned()]));
        let mut told: Vec<String> = pieces
            .iter()
            .map(|piece| {
                let mended = mend(piece, Halves::Mark);
                spoken.push(&mended.text, mended.has_marks)
            })
            .collect();
        told.push(spoken.end());
        assert_eq!(told.concat(), spoken.text());
        (told, spoken.text().to_owned())
    }

    #[test]
    fn halves_meet_across_pieces() {
        assert_eq!(spoken(&["a\\ud83d", "\\ude00b"]).1, "a😀b");
        assert_eq!(spoken(&["a\\ud83d", "", "\\ude00"]).1, "a😀");
        assert_eq!(
            spoken(&["a\\ud83d", "b", "\\ude00"]).1,
            "a\u{fffd}b\u{fffd}"
        );
        assert_eq!(spoken(&["a\\ud83d"]).1, "a\u{fffd}");
        assert_eq!(
            spoken(&["\\ud83d", "\\ud83d\\ude00"]).1,
            "\u{fffd}\\ud83d\\ude00"
        );
    }

    #[test]
    fn a_secret_is_concealed_wherever_it_is_cut() {
        let text = "it is sk-secret-1, æ";
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            let (left, right) = text.split_at(at);
            let (told, joined) = spoken(&[left, right]);
            assert_eq!(joined, "it is REDACTED, æ", "at {at}");
            assert!(!told.concat().contains("secret"));
        }
        let letters: Vec<String> = text.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(spoken(&letters).1, "it is REDACTED, æ");
        assert_eq!(spoken(&["ends in sk-sec"]).1, "ends in sk-sec");
    }
}
