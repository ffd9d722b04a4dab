//! Quoted texts, which are used unchanged, and not searched for places and words.

/// Opening and closing marks, in pairs, from several languages.
const MARKS: &[(char, &[char])] = &[
    ('"', &['"']),
    ('“', &['”', '"']),
    ('„', &['“', '”']),
    ('«', &['»']),
    ('»', &['«']),
    ('‘', &['’']),
    ('\'', &['\'']),
    ('`', &['`']),
];

/// The first of the letters that replace quoted texts. Private-use letters do not occur in questions.
const FIRST: char = '\u{e000}';
/// Maximum number of quoted texts; further ones are read like other text.
const MOST: usize = 256;

/// A question with a private-use letter in place of each quoted text.
#[derive(Debug)]
pub(crate) struct Quotes {
    /// The texts with their marks, in order.
    texts: Vec<String>,
}

impl Quotes {
    /// Removes the quoted texts from a question; returns the rest.
    pub(crate) fn take(question: &str) -> (Self, String) {
        let letters: Vec<char> = question
            .chars()
            .filter(|one| place(*one).is_none())
            .collect();
        let mut texts: Vec<String> = Vec::new();
        let mut left = String::with_capacity(question.len());
        let mut at = 0;
        while let Some(&letter) = letters.get(at) {
            match end(&letters, at).filter(|_| texts.len() < MOST) {
                Some(end) => {
                    left.extend(char::from_u32(FIRST as u32 + texts.len() as u32));
                    texts.push(letters[at..=end].iter().collect());
                    at = end;
                }
                None => left.push(letter),
            }
            at += 1;
        }
        (Self { texts }, left)
    }

    /// The quoted texts in `text`, without their marks.
    pub(crate) fn within<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        let texts = text
            .chars()
            .filter_map(|letter| self.texts.get(place(letter)?));
        texts.map(|quoted| {
            let mut letters = quoted.chars();
            letters.next();
            letters.next_back();
            letters.as_str().trim()
        })
    }

    /// A part of the rest, with its quoted texts restored.
    pub(crate) fn restore(&self, text: &str) -> String {
        let mut whole = String::with_capacity(text.len());
        for letter in text.chars() {
            match place(letter).and_then(|at| self.texts.get(at)) {
                Some(quoted) => whole.push_str(quoted),
                None => whole.push(letter),
            }
        }
        whole
    }
}

/// The number of the quoted text that a letter replaces.
fn place(letter: char) -> Option<usize> {
    let at = (letter as usize).checked_sub(FIRST as usize)?;
    (at < MOST).then_some(at)
}

/// The end of the text whose opening mark is at `at`; `None` for an apostrophe.
fn end(letters: &[char], at: usize) -> Option<usize> {
    let (_, closing) = MARKS.iter().find(|(opening, _)| *opening == letters[at])?;
    let is_within_word = |at: Option<usize>| {
        let letter = at.and_then(|at| letters.get(at));
        letter.is_some_and(|letter| letter.is_alphanumeric())
    };
    let is_space = |at: usize| letters.get(at).is_none_or(|letter| letter.is_whitespace());
    if is_within_word(at.checked_sub(1)) || is_space(at + 1) {
        return None;
    }
    let ends = |here: &usize| {
        let closes = closing.contains(&letters[*here]);
        closes && !is_space(here - 1) && !is_within_word(Some(here + 1))
    };
    let end = (at + 1..letters.len()).find(ends)?;
    let says = letters[at + 1..end]
        .iter()
        .any(|letter| letter.is_alphanumeric());
    says.then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_taken_out_and_put_back() {
        for (question, expected) in [
            ("Count \"To be. Or not?\" now", vec!["To be. Or not?"]),
            (
                "Compare “one” with „zwei“ and «trois»",
                vec!["one", "zwei", "trois"],
            ),
            ("What's Oslo's time? It's late", vec![]),
            ("Spell 'don't' for me", vec!["don't"]),
            ("An open \" mark, and an empty \"\" one", vec![]),
        ] {
            let (quotes, left) = Quotes::take(question);
            assert_eq!(
                quotes.within(&left).collect::<Vec<_>>(),
                expected,
                "{question}"
            );
            assert_eq!(quotes.restore(&left), question);
        }
    }
}
