//! The contents of a question: clauses, places, zones, days, numbers.

use crate::{quotes::Quotes, words};

/// Words that begin a question; after `and`, they begin a new clause.
const ASKING: &[&str] = &[
    "are", "can", "compare", "compute", "convert", "could", "do", "does", "find", "give", "how",
    "is", "please", "say", "show", "tell", "what", "when", "where", "which", "who", "will",
];

/// Capitalised words that are not places.
const NO_PLACES: &[&str] = &[
    "a",
    "also",
    "and",
    "april",
    "august",
    "december",
    "february",
    "for",
    "friday",
    "from",
    "hello",
    "hi",
    "i",
    "if",
    "in",
    "january",
    "july",
    "june",
    "march",
    "may",
    "monday",
    "november",
    "october",
    "on",
    "or",
    "saturday",
    "september",
    "sunday",
    "thanks",
    "the",
    "then",
    "thursday",
    "today",
    "tomorrow",
    "tuesday",
    "wednesday",
    "weather",
    "yesterday",
];

/// Lower-case words within the names of places: Rio de Janeiro, Frankfurt am Main.
const WITHIN_NAMES: &[&str] = &["am", "de", "del", "di", "do", "la", "of", "the", "van", "y"];

/// One part of a question.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Clause {
    /// The original text.
    pub(crate) text: String,
    /// The words that describe the subject, without places and days.
    pub(crate) words: Vec<String>,
    /// The places, in order of appearance, each once.
    pub(crate) places: Vec<Place>,
    /// `today`, `tomorrow`, `yesterday`, or `2026-11-22`.
    pub(crate) day: Option<String>,
    /// The numbers, in order of appearance.
    pub(crate) numbers: Vec<f64>,
    /// The quoted texts, without the quotation marks.
    pub(crate) quoted: Vec<String>,
    /// The words after `in`, if no place is named: people also write `tokyo`.
    pub(crate) hint: Option<Place>,
}

/// The place that a question is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    /// A capitalised name.
    Named(String),
    /// An IANA time zone.
    Zone(String),
}

impl Place {
    /// The original text.
    pub(crate) fn label(&self) -> &str {
        match self {
            Self::Named(label) | Self::Zone(label) => label,
        }
    }
}

/// Splits a question into its parts. A clause that names no place is about the places before it, and one
/// that quotes nothing is about the texts that the others quote.
pub(crate) fn read(question: &str) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    let (quotes, question) = Quotes::take(question);
    let quoted: Vec<String> = quotes.within(&question).map(str::to_owned).collect();
    for text in cut(&question) {
        let mut clause = clause(&text, &quotes);
        if clause.quoted.is_empty() {
            clause.quoted.clone_from(&quoted);
        }
        if clause.places.is_empty()
            && let Some(before) = clauses
                .iter()
                .rev()
                .find(|before| !before.places.is_empty())
        {
            clause.places = before.places.clone();
        }
        clauses.push(clause);
    }
    // The first clauses may refer to a place that is named later.
    if let Some(places) = clauses
        .iter()
        .map(|clause| clause.places.clone())
        .find(|all| !all.is_empty())
    {
        for clause in clauses
            .iter_mut()
            .take_while(|clause| clause.places.is_empty())
        {
            clause.places.clone_from(&places);
        }
    }
    clauses
}

/// Splits at sentence marks, and at `and` before a question word.
fn cut(question: &str) -> Vec<String> {
    let mut clauses = vec![String::new()];
    let all: Vec<&str> = question.split_whitespace().collect();
    for (at, word) in all.iter().enumerate() {
        let joins = matches!(bare(word), "and" | "And" | "then")
            && all.get(at + 1).is_some_and(|next| asks(next));
        let clause = clauses
            .last_mut()
            .expect("invariant: there is always a clause");
        if !joins {
            clause.push_str(word);
            clause.push(' ');
        }
        if joins || word.ends_with(['?', '!', ';']) || word.ends_with('.') && word.len() > 2 {
            clauses.push(String::new());
        }
    }
    clauses.retain(|clause| !clause.trim().is_empty());
    clauses
}

fn clause(text: &str, quotes: &Quotes) -> Clause {
    let mut clause = Clause {
        text: quotes.restore(text.trim()),
        quoted: quotes.within(text).map(str::to_owned).collect(),
        hint: hint(text, quotes),
        ..Clause::default()
    };
    // A quoted name is still a name.
    for quoted in &clause.quoted.clone() {
        let words: Vec<&str> = quoted.split_whitespace().collect();
        let first = words.first().map(|first| bare(first)).unwrap_or_default();
        if is_name(first, &first.to_lowercase()) && name(&words) == words.len() {
            clause.add(Place::Named(bare(quoted).to_owned()));
        }
    }
    let all: Vec<&str> = text.split_whitespace().collect();
    let mut at = 0;
    while at < all.len() {
        let word = bare(all[at]);
        let lower = word.to_lowercase();
        if is_zone(word) {
            clause.add(Place::Zone(word.to_owned()));
        } else if matches!(lower.as_str(), "today" | "tomorrow" | "yesterday") || is_date(word) {
            clause.day.get_or_insert(lower);
        } else if let Some(number) = number(word) {
            clause.numbers.push(number);
        } else if is_name(word, &lower) && (at > 0 || begins_with_name(&all)) {
            let taken = name(&all[at..]);
            let words = all[at..at + taken].iter().map(|word| bare(word));
            clause.add(Place::Named(words.collect::<Vec<_>>().join(" ")));
            at += taken;
            continue;
        } else {
            clause.words.extend(words::of(word));
        }
        at += 1;
    }
    clause
}

impl Clause {
    fn add(&mut self, place: Place) {
        if !self.places.contains(&place) {
            self.places.push(place);
        }
    }
}

/// The words after the last `in`, up to a mark or a small word, or the text quoted there.
fn hint(text: &str, quotes: &Quotes) -> Option<Place> {
    let all: Vec<&str> = text.split_whitespace().collect();
    let after = all
        .iter()
        .rposition(|word| bare(word).eq_ignore_ascii_case("in"))?
        + 1;
    if let Some(quoted) = quotes.within(all.get(after)?).next() {
        return Some(Place::Named(quoted.to_owned()));
    }
    let mut taken: Vec<&str> = Vec::new();
    for word in all[after..].iter().take(3) {
        let lower = bare(word).to_lowercase();
        let says = !words::of(word).is_empty() && number(&lower).is_none() && !asks(word);
        if !says || NO_PLACES.contains(&lower.as_str()) || matches!(lower.as_str(), "now" | "right")
        {
            break;
        }
        taken.push(bare(word));
        if ends_name(word) {
            break;
        }
    }
    (!taken.is_empty()).then(|| Place::Named(taken.join(" ")))
}

/// Whether the first word, which is always capitalised, is a name: `Oslo, …`, `New York …`, `Oslo
/// tomorrow …`.
fn begins_with_name(words: &[&str]) -> bool {
    let next = words.get(1).map(|next| bare(next)).unwrap_or_default();
    let lower = next.to_lowercase();
    ends_name(words[0])
        || matches!(lower.as_str(), "now" | "today" | "tomorrow" | "yesterday")
        || is_name(next, &lower)
}

/// A mark after a word ends the name: "Oslo, Bergen" is two names.
fn ends_name(word: &str) -> bool {
    word.ends_with([',', '?', '!', ';', ':', '.']) || word.contains(['\'', '’'])
}

fn asks(word: &str) -> bool {
    ASKING.contains(&bare(word).to_lowercase().as_str())
}

/// The number of words in the name at the start.
fn name(words: &[&str]) -> usize {
    let mut taken = 1;
    loop {
        if ends_name(words[taken - 1]) {
            return taken;
        }
        let is_next = |at: usize| {
            let word = words.get(at).map(|word| bare(word));
            word.is_some_and(|word| is_name(word, &word.to_lowercase()) && !is_zone(word))
        };
        let small = words
            .get(taken)
            .is_some_and(|word| WITHIN_NAMES.contains(word));
        match () {
            () if is_next(taken) => taken += 1,
            () if small && is_next(taken + 1) => taken += 2,
            () => return taken,
        }
    }
}

fn is_name(word: &str, lower: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
        && !ASKING.contains(&lower)
        && !NO_PLACES.contains(&lower)
}

/// Parses a number. `inf` and `nan` are words here.
fn number(word: &str) -> Option<f64> {
    let begins = word.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-');
    word.parse().ok().filter(|_| begins)
}

fn is_zone(word: &str) -> bool {
    let capital = |part: &str| part.chars().next().is_some_and(char::is_uppercase);
    let mut parts = word.split('/');
    word == "UTC" || word.contains('/') && parts.all(capital)
}

fn is_date(word: &str) -> bool {
    word.parse::<jiff::civil::Date>().is_ok() && word.len() == 10
}

/// The word without surrounding marks and without a possessive `'s`.
fn bare(word: &str) -> &str {
    let word = word.trim_matches(|letter: char| !letter.is_alphanumeric() && letter != '-');
    word.strip_suffix("'s")
        .or_else(|| word.strip_suffix("’s"))
        .unwrap_or(word)
}

#[cfg(test)]
mod tests;
