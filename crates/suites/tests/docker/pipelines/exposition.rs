//! A strict parser of the text that Prometheus scrapes.

use std::collections::{BTreeMap, BTreeSet};

/// Labels by name.
pub(super) type Labels = BTreeMap<String, String>;

/// All families by name.
#[derive(Debug, Default)]
pub(super) struct Exposition(BTreeMap<String, Family>);

/// A metric.
#[derive(Debug, Default)]
pub(super) struct Family {
    pub(super) kind: String,
    pub(super) help: String,
    /// By sample name and labels.
    pub(super) samples: BTreeMap<(String, Labels), f64>,
}

impl Exposition {
    /// Parses it. Fails on an invalid line, a sample without a family, or a series that occurs
    /// twice.
    pub(super) fn parse(text: &str) -> Self {
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut current = String::new();
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let (word, rest) = comment.split_once(' ').unwrap();
                let (name, said) = rest.split_once(' ').unwrap_or((rest, ""));
                let family = families.entry(name.to_owned()).or_default();
                match word {
                    "HELP" => said.clone_into(&mut family.help),
                    "TYPE" => said.clone_into(&mut family.kind),
                    _ => panic!("neither HELP nor TYPE: {line}"),
                }
                name.clone_into(&mut current);
                continue;
            }
            let (name, labels, value) = sample(line);
            let family = families.get_mut(&current).unwrap();
            let suffix = name.strip_prefix(&current);
            let known: &[&str] = match family.kind.as_str() {
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            assert!(
                suffix.is_some_and(|suffix| known.contains(&suffix)),
                "not of {current}: {line}"
            );
            let before = family.samples.insert((name, labels), value);
            assert_eq!(before, None, "twice: {line}");
        }
        Self(families)
    }

    /// The names of the families.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// The family of this name.
    pub(super) fn family(&self, name: &str) -> &Family {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.names()))
    }

    /// The sum over all series of a sample.
    pub(super) fn sum(&self, name: &str) -> f64 {
        let families = self.0.values().flat_map(|family| &family.samples);
        let of_name = families.filter(|((sample, _), _)| sample == name);
        of_name.map(|(_, value)| value).sum()
    }
}

impl Family {
    /// The only value whose labels include these.
    pub(super) fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let found: Vec<_> = self
            .samples
            .iter()
            .filter(|((sample, has), _)| {
                let mut labels = labels.iter();
                sample == name
                    && labels.all(|(key, value)| has.get(*key).is_some_and(|has| has == value))
            })
            .collect();
        match found.as_slice() {
            [(_, value)] => **value,
            _ => panic!("{name} {labels:?} is {found:?} among {:#?}", self.samples),
        }
    }

    /// The buckets of the only histogram whose labels include these: upper bound and cumulative
    /// count. Fails unless the counts ascend and end with the total.
    pub(super) fn buckets(&self, name: &str, labels: &[(&str, &str)]) -> Vec<(f64, f64)> {
        let bucket = format!("{name}_bucket");
        let mut buckets = Vec::new();
        for ((sample, has), value) in &self.samples {
            let mut labels = labels.iter();
            let all = labels.all(|(key, value)| has.get(*key).is_some_and(|has| has == value));
            if *sample == bucket && all {
                buckets.push((number(&has["le"]), *value));
            }
        }
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        assert!(buckets.is_sorted_by_key(|(_, count)| *count), "{buckets:?}");
        let count = self.value(&format!("{name}_count"), labels);
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, count)));
        buckets
    }
}

/// Name, labels, value; a timestamp would be rejected as part of the value.
fn sample(line: &str) -> (String, Labels, f64) {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"").unwrap();
            let (value, after) = quoted(after);
            let before = labels.insert(label.to_owned(), value);
            assert_eq!(before, None, "a label twice: {line}");
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = &rest[1..];
    }
    (name.to_owned(), labels, number(rest.trim_start()))
}

/// The text up to the closing quote, and the rest.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => match characters.next().unwrap().1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    panic!("no end of the quote: {text}");
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

#[test]
fn a_text_is_read_with_its_labels_and_buckets() {
    let text = r#"# HELP took_seconds How long.
# TYPE took_seconds histogram
took_seconds_bucket{ok="a\"b",le="0.1"} 2
took_seconds_bucket{ok="a\"b",le="+Inf"} 3
took_seconds_sum{ok="a\"b"} 1.5e+01
took_seconds_count{ok="a\"b"} 3
"#;
    let exposition = Exposition::parse(text);
    let family = exposition.family("took_seconds");
    let labels = [("ok", "a\"b")];
    assert_eq!(
        family.buckets("took_seconds", &labels),
        [(0.1, 2.0), (f64::INFINITY, 3.0)]
    );
    assert_eq!(family.value("took_seconds_sum", &labels), 15.0);
}

#[test]
#[should_panic(expected = "twice")]
fn a_series_that_is_there_twice_is_an_error() {
    Exposition::parse("# TYPE up gauge\nup{a=\"1\"} 1\nup{a=\"1\"} 2\n");
}
