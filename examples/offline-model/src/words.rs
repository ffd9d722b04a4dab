//! Comparison of texts by their words.

/// Words that do not help to choose a tool.
const EMPTY: &[&str] = &[
    "a", "about", "also", "an", "and", "are", "at", "be", "between", "by", "can", "could", "do",
    "does", "for", "from", "get", "give", "hello", "how", "i", "in", "is", "it", "its", "me", "my",
    "of", "on", "or", "please", "say", "such", "tell", "thank", "that", "the", "there", "this",
    "to", "us", "was", "what", "when", "which", "who", "will", "with", "would", "you",
];

/// Words that people use, and the corresponding words in tools.
const MEANINGS: &[(&str, &[&str])] = &[
    ("ahead", &["difference"]),
    ("behind", &["difference"]),
    ("clock", &["time"]),
    ("cold", &["temperature", "weather"]),
    ("dark", &["sunset"]),
    ("dawn", &["sunrise"]),
    ("dusk", &["sunset"]),
    ("rain", &["weather", "precipitation"]),
    ("snow", &["weather", "precipitation"]),
    ("sun", &["sunrise", "sunset"]),
    ("umbrella", &["weather", "precipitation"]),
    ("warm", &["temperature", "weather"]),
    ("where", &["coordinates", "latitude", "location"]),
];

/// The words of a text in lower case, without words that do not help to choose a tool, and without
/// plural endings.
pub(crate) fn of(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .map(|word| stem(&word.to_lowercase()))
        .filter(|word| !word.is_empty() && !EMPTY.contains(&word.as_str()))
        .collect()
}

/// A word of a question, and all its synonyms.
pub(crate) fn meanings(word: &str) -> impl Iterator<Item = &str> {
    let known = MEANINGS.iter().find(|(said, _)| *said == word);
    std::iter::once(word).chain(
        known
            .into_iter()
            .flat_map(|(_, called)| called.iter().copied()),
    )
}

/// The normalised name of a field: `lon`, `lng` and `Longitude` are the same.
pub(crate) fn key(name: &str) -> String {
    let squashed = squash(name);
    match squashed.as_str() {
        "lat" => "latitude".to_owned(),
        "lon" | "lng" | "long" => "longitude".to_owned(),
        "tz" | "zone" | "timezonename" | "timezoneid" => "timezone".to_owned(),
        _ => squashed,
    }
}

/// Only letters and digits, in lower case.
pub(crate) fn squash(text: &str) -> String {
    let kept = text.chars().filter(|letter| letter.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// `day_length` in words.
pub(crate) fn spelled(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

fn stem(word: &str) -> String {
    match word {
        "cities" => "city".to_owned(),
        _ if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") => {
            word[..word.len() - 1].to_owned()
        }
        _ => word.to_owned(),
    }
}
