//! Suggestions for misspelt names.

/// Words with the same meaning, regardless of which one a key uses.
const SYNONYMS: &[&[&str]] = &[
    &["active", "disable", "disabled", "enable", "enabled", "on"],
    &[
        "addr", "address", "bind", "endpoint", "host", "listen", "port", "server", "target", "uri",
        "url",
    ],
    &["age", "days", "expiry", "retention", "ttl"],
    &["app", "application", "service"],
    &["attempts", "retries", "retry", "tries"],
    &["binary", "collector", "executable", "otelcol", "program"],
    &["bytes", "capacity", "quota", "size", "space", "storage"],
    &["compress", "compression", "gzip"],
    &[
        "concurrency",
        "concurrent",
        "parallel",
        "parallelism",
        "threads",
        "workers",
    ],
    &["content", "messages", "prompts"],
    &["deadline", "patience", "timeout"],
    &["delay", "every", "frequency", "interval", "period"],
    &["dir", "directory", "folder", "location", "path"],
    &["drain", "graceful", "grace", "shutdown", "stop"],
    &["exporter", "protocol", "transport"],
    &["forward", "remote", "upstream"],
    &["fraction", "probability", "rate", "ratio"],
    &["iterations", "rounds", "steps", "turns"],
    &["key", "password", "secret", "token"],
    &["level", "severity", "verbosity"],
    &["limit", "max", "maximum"],
    &["sample", "sampler", "sampling"],
];

/// The weight of a synonym, compared with that of the word itself.
const SYNONYM: f64 = 0.9;
/// Words less similar than this are different words.
const SIMILAR: f64 = 0.85;
/// Names less similar than this are not suggested.
const LIKELY: f64 = 0.59;

/// The candidate that `name` most likely means, by spelling or by meaning, if one is likely enough.
///
/// ```
/// use glassbox_config::nearest;
///
/// let keys = ["data_dir", "max_age", "max_bytes"];
/// assert_eq!(nearest("max_byte", keys).as_deref(), Some("max_bytes"));
/// assert_eq!(nearest("retention", keys).as_deref(), Some("max_age"));
/// assert_eq!(nearest("colour", keys), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    candidates
        .into_iter()
        .map(|candidate| (likeness(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > LIKELY)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate.to_owned())
}

/// The similarity of two names, from 0 to 1: by spelling, or by the meaning of their words.
fn likeness(name: &str, candidate: &str) -> f64 {
    let (name, candidate) = (name.to_lowercase(), candidate.to_lowercase());
    let spelling = strsim::normalized_damerau_levenshtein(&name, &candidate);
    let (ours, theirs) = (words(&name), words(&candidate));
    let shared: f64 = ours
        .iter()
        .map(|word| {
            theirs
                .iter()
                .map(|other| alike(word, other))
                .fold(0.0, f64::max)
        })
        .sum();
    let meaning = 2.0 * shared / (ours.len() + theirs.len()).max(1) as f64;
    // Among names with the same meaning, the one with the closest spelling wins.
    meaning.max(spelling) + spelling / 100.0
}

fn words(name: &str) -> Vec<&str> {
    name.split(['_', '-', '.'])
        .filter(|word| !word.is_empty())
        .collect()
}

fn alike(word: &str, other: &str) -> f64 {
    if word.trim_end_matches('s') == other.trim_end_matches('s') {
        return 1.0;
    }
    if SYNONYMS
        .iter()
        .any(|all| all.contains(&word) && all.contains(&other))
    {
        return SYNONYM;
    }
    let likeness = strsim::jaro_winkler(word, other);
    if likeness < SIMILAR { 0.0 } else { likeness }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 12] = [
        "api_key",
        "archive_max_age",
        "attempts",
        "base_url",
        "data_dir",
        "endpoint",
        "max_age",
        "max_bytes",
        "max_records",
        "max_stored_records",
        "sampling_ratio",
        "service_name",
    ];

    fn meant(name: &str) -> Option<String> {
        nearest(name, KEYS)
    }

    #[test]
    fn a_slip_of_the_finger_finds_its_key() {
        for (typo, key) in [
            ("max_byte", "max_bytes"),
            ("mxa_bytes", "max_bytes"),
            ("endpiont", "endpoint"),
            ("apikey", "api_key"),
            ("dataDir", "data_dir"),
            ("service-name", "service_name"),
        ] {
            assert_eq!(meant(typo).as_deref(), Some(key), "{typo}");
        }
    }

    #[test]
    fn another_word_for_the_same_thing_finds_its_key() {
        for (word, key) in [
            ("max_size", "max_bytes"),
            ("retention", "max_age"),
            ("sample_rate", "sampling_ratio"),
            ("folder", "data_dir"),
            ("data_folder", "data_dir"),
            ("token", "api_key"),
            ("url", "endpoint"),
            ("retries", "attempts"),
            ("app_name", "service_name"),
        ] {
            assert_eq!(meant(word).as_deref(), Some(key), "{word}");
        }
    }

    #[test]
    fn what_is_like_no_key_finds_none() {
        assert_eq!(meant("colour"), None);
        assert_eq!(meant("favourite_food"), None);
        assert_eq!(meant(""), None);
    }
}
