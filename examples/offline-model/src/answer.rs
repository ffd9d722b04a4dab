//! Sentences from results: known fields with their own phrases, all others by their names.

use crate::{
    plan::{State, Subject, Task},
    tool::Arguments,
    words,
};
use serde_json::{Map, Value};

/// Fields that a sentence already contains, or that are not meaningful to people.
const QUIET: &[&str] = &[
    "country",
    "date",
    "id",
    "latitude",
    "localdate",
    "longitude",
    "name",
    "population",
    "timezone",
    "utcoffset",
    "weekday",
];

/// The sentences for the results of one clause's tasks.
pub(crate) fn sentences(tasks: &[Task<'_>]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for task in tasks {
        let about = about(&task.subjects);
        let sentence = match &task.state {
            State::Done(exchange) => match &exchange.result {
                Ok(result) => told(&about, result, &exchange.arguments),
                Err(reason) => failed(&task.tool.name, &about, reason),
            },
            State::Blocked { tool, reason } => failed(tool, &about, reason),
            State::Next(_) | State::Impossible => continue,
        };
        // One failure may block several tasks.
        if !all.contains(&sentence) {
            all.push(sentence);
        }
    }
    all
}

fn about(subjects: &[Subject]) -> String {
    let places = subjects.iter().filter_map(|subject| subject.place.as_ref());
    places
        .map(|place| place.label())
        .collect::<Vec<_>>()
        .join(" and ")
}

fn failed(tool: &str, about: &str, reason: &str) -> String {
    let about = match about {
        "" => String::new(),
        about => format!(" for {about}"),
    };
    // If a tool asks which one is meant, the question is passed on to the user.
    if let Some((question, _)) = reason.split_once('?') {
        return format!("{question}?");
    }
    let reason = reason.trim_end_matches('.');
    format!(
        "I could not get an answer from {}{about}: {reason}.",
        words::spelled(tool)
    )
}

fn told(about: &str, result: &Value, arguments: &Arguments) -> String {
    let Value::Object(members) = result else {
        return format!(
            "{}: {}.",
            if about.is_empty() {
                "The answer is"
            } else {
                about
            },
            plain(result)
        );
    };
    let result = Fields(members);
    let phrases = phrases(&result, arguments);
    let mut sentence = match (about, result.text("date")) {
        ("", None) => String::new(),
        ("", Some(date)) => format!("on {date}, "),
        (about, None) => format!("in {about}, "),
        (about, Some(date)) => format!("in {about} on {date}, "),
    };
    // A sentence from the tool is used unchanged.
    if let Some(own) = result.own_sentence() {
        sentence = own;
    } else {
        sentence.push_str(&joined(&phrases));
    }
    let mut letters = sentence.trim_end_matches('.').chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => "The answer is empty.".to_owned(),
    }
}

/// `a`, `a, and b`, `a, b, and c`.
fn joined(phrases: &[String]) -> String {
    match phrases {
        [all @ .., last] if !all.is_empty() => format!("{}, and {last}", all.join(", ")),
        phrases => phrases.concat(),
    }
}

fn phrases(result: &Fields<'_>, arguments: &Arguments) -> Vec<String> {
    let mut phrases = Vec::new();
    let mut used: Vec<String> = Vec::new();
    let mut say = |keys: &[&str], phrase: Option<String>| {
        if let Some(phrase) = phrase {
            used.extend(keys.iter().map(|key| (*key).to_owned()));
            phrases.push(phrase);
        }
    };
    say(&["localtime", "time"], result.time());
    let sun = (result.text("sunrise"), result.text("sunset"));
    say(
        &["sunrise", "sunset"],
        match sun {
            (Some(rise), Some(set)) => Some(format!("the sun rises at {rise} and sets at {set}")),
            (Some(rise), None) => Some(format!("the sun rises at {rise}")),
            (None, Some(set)) => Some(format!("the sun sets at {set}")),
            (None, None) => None,
        },
    );
    let length = result.text("daylength").map(|length| {
        match length.starts_with(|letter: char| letter.is_ascii_digit()) {
            true => format!("the day is {length} long"),
            false => format!("there is {length}"),
        }
    });
    say(&["daylength"], length);
    let temperature = ["temperaturec", "temperaturecelsius", "temperature"];
    let found = temperature.iter().find_map(|key| result.text(key));
    say(
        &temperature,
        found.map(|degrees| match degrees.parse::<f64>() {
            Ok(_) => format!("the temperature is {degrees} °C"),
            Err(_) => format!("the temperature is {degrees}"),
        }),
    );
    if phrases.is_empty()
        && let (Some(latitude), Some(longitude)) =
            (result.text("latitude"), result.text("longitude"))
    {
        let country = result
            .text("country")
            .map(|country| format!(" in {country}"));
        let zone = result
            .text("timezone")
            .map(|zone| format!(", time zone {zone}"));
        phrases.push(format!(
            "the coordinates{} are {latitude}, {longitude}{}",
            country.unwrap_or_default(),
            zone.unwrap_or_default()
        ));
    }
    let said_already = !phrases.is_empty();
    for (name, value) in result.0 {
        let key = words::key(name);
        // A number with a unit repeats what a phrase already states.
        let repeats = said_already
            && ["minutes", "hours", "seconds"]
                .iter()
                .any(|unit| key.ends_with(unit));
        let quiet =
            QUIET.contains(&key.as_str()) || used.contains(&key) || arguments.contains_key(name);
        if !quiet && !repeats && !value.is_null() {
            phrases.push(format!("{}: {}", words::spelled(name), plain(value)));
        }
    }
    phrases
}

/// The members of a result, by their keys.
struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn text(&self, key: &str) -> Option<String> {
        let mut all = self.0.iter();
        let (_, value) = all.find(|(name, value)| words::key(name) == key && !value.is_null())?;
        Some(plain(value))
    }

    /// `it is 06:17 on Sunday 2026-11-22 (Europe/Oslo, UTC+01:00)`
    fn time(&self) -> Option<String> {
        let time = self.text("localtime").or_else(|| self.text("time"))?;
        let mut phrase = format!("it is {time}");
        let day = [self.text("weekday"), self.text("localdate")];
        let day: Vec<String> = day.into_iter().flatten().collect();
        if !day.is_empty() {
            phrase.push_str(&format!(" on {}", day.join(" ")));
        }
        let offset = self.text("utcoffset").map(|offset| format!("UTC{offset}"));
        let zone: Vec<String> = [self.text("timezone"), offset]
            .into_iter()
            .flatten()
            .collect();
        if !zone.is_empty() {
            phrase.push_str(&format!(" ({})", zone.join(", ")));
        }
        Some(phrase)
    }

    fn own_sentence(&self) -> Option<String> {
        let keys = ["difference", "summary", "sentence", "answer"];
        let found = keys.iter().find_map(|key| self.text(key))?;
        (found.split_whitespace().count() > 3).then_some(found)
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
