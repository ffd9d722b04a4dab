//! An error and its causes as one sentence.

use std::{
    error::Error,
    fmt::{self, Write},
};

/// Maximum size of a sentence in bytes. Longer text is cut and ends with "…".
const LIMIT: usize = 8 << 10;
/// Maximum number of causes in a sentence. An endless chain of causes is a bug in the error type.
const CAUSES: usize = 32;

/// Joins an error and its causes, from the outermost to the innermost, with ": ".
///
/// A cause is left out if the sentence already contains its text: many errors repeat their cause.
///
/// ```
/// use glassbox_core::sentence;
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("cannot read the settings")]
/// struct Unreadable(#[source] std::num::ParseIntError);
///
/// let error = Unreadable("x".parse::<u8>().unwrap_err());
/// assert_eq!(sentence(&error), "cannot read the settings: invalid digit found in string");
/// ```
///
/// # Bounds
/// 8 KiB and 32 causes. Longer text is cut at a character and ends with "…".
#[must_use]
pub fn sentence(error: &dyn Error) -> String {
    let mut text = Bounded::of(error, LIMIT);
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    for cause in causes.take(CAUSES) {
        if text.is_cut {
            break;
        }
        let said = Bounded::of(cause, LIMIT);
        if !text.written.contains(&said.written) {
            text.push(": ");
            text.push(&said.written);
            text.is_cut |= said.is_cut;
        }
    }
    text.finish()
}

/// Text that stops growing at a size limit; the rest is dropped.
struct Bounded {
    written: String,
    limit: usize,
    is_cut: bool,
}

impl Bounded {
    fn of(error: &dyn Error, limit: usize) -> Self {
        let mut text = Self {
            written: String::new(),
            limit,
            is_cut: false,
        };
        // If the error's own `Display` fails, its text so far is kept. The only other failure is the limit.
        if write!(text, "{error}").is_err() {
            text.is_cut = true;
        }
        text
    }

    fn push(&mut self, text: &str) {
        let room = self.limit - self.written.len();
        let fits = text.floor_char_boundary(room);
        self.written.push_str(&text[..fits]);
        self.is_cut |= fits < text.len();
    }

    fn finish(mut self) -> String {
        if self.is_cut {
            const ELLIPSIS: char = '…';
            let room = self.limit - ELLIPSIS.len_utf8();
            self.written
                .truncate(self.written.floor_char_boundary(room));
            self.written.push(ELLIPSIS);
        }
        self.written
    }
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        match self.is_cut {
            // Stops formatting, so that the rest of a large value is not rendered.
            true => Err(fmt::Error),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Step(String, Option<Box<Step>>);

    impl fmt::Display for Step {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&self.0)
        }
    }

    impl Error for Step {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|step| step as _)
        }
    }

    fn chain(texts: &[&str]) -> Step {
        let (first, rest) = texts.split_first().unwrap();
        let cause = (!rest.is_empty()).then(|| Box::new(chain(rest)));
        Step((*first).to_owned(), cause)
    }

    #[test]
    fn causes_follow_from_the_outermost_to_the_innermost() {
        let error = chain(&["cannot start", "cannot bind", "address in use"]);
        assert_eq!(
            sentence(&error),
            "cannot start: cannot bind: address in use"
        );
    }

    #[test]
    fn a_cause_that_was_named_is_not_repeated_and_the_next_one_is_named() {
        let error = chain(&["cannot bind: in use", "in use", "", "held by 7"]);
        assert_eq!(sentence(&error), "cannot bind: in use: held by 7");
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let long = "é".repeat(LIMIT);
        for texts in [vec![&*long], vec!["failed", &*long], vec![&*long, "cause"]] {
            let cut = sentence(&chain(&texts));
            assert!(cut.len() <= LIMIT && cut.ends_with("é…"), "{}", cut.len());
        }
        let exact = "x".repeat(LIMIT);
        assert_eq!(sentence(&chain(&[&exact])), exact);
    }

    #[test]
    fn a_chain_without_an_end_is_cut() {
        #[derive(Debug)]
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // The text changes on each call, because a repeated cause would be left out.
                static SAID: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
                let said = SAID.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                write!(f, "({said})")
            }
        }
        impl Error for Endless {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&Endless)
            }
        }
        assert_eq!(sentence(&Endless).matches('(').count(), CAUSES + 1);
    }

    #[test]
    fn a_value_without_an_end_is_not_rendered_to_its_end() {
        #[derive(Debug)]
        struct Flood;
        impl fmt::Display for Flood {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str("flood ")?;
                }
            }
        }
        impl Error for Flood {}
        assert_eq!(sentence(&Flood).len(), LIMIT);
    }
}
