//! Counted nouns.

/// A number and its noun, as in `1 span` and `2 spans`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        assert_eq!(counted(0, "span"), "0 spans");
        assert_eq!(counted(1, "span"), "1 span");
        assert_eq!(counted(2, "span"), "2 spans");
    }
}
