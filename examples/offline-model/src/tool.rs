//! Tools as declared in a request.

use crate::words;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A function that may be called, as declared in the request.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Function {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    parameters: Value,
}

/// One parameter of a function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter<'a> {
    pub(crate) name: &'a str,
    schema: &'a Value,
}

/// What a parameter expects, by its name, its description and its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    /// The name of a place.
    Place,
    /// An IANA time zone.
    Zone,
    /// A day.
    Day,
    /// A number from the question, unless an earlier result contains it.
    Number,
    /// The quoted text, or the whole question.
    Question,
    /// A value that can only be identified by its key.
    Key,
}

impl Function {
    /// Its required parameters, in the declared order.
    pub(crate) fn required(&self) -> impl Iterator<Item = Parameter<'_>> {
        let names = self.parameters["required"].as_array().into_iter().flatten();
        names.filter_map(Value::as_str).map(|name| Parameter {
            name,
            schema: &self.parameters["properties"][name],
        })
    }

    /// Its optional parameters.
    pub(crate) fn optional(&self) -> impl Iterator<Item = Parameter<'_>> {
        let all = self.parameters["properties"]
            .as_object()
            .into_iter()
            .flatten();
        let all = all.map(|(name, schema)| Parameter { name, schema });
        all.filter(|one| self.required().all(|required| required.name != one.name))
    }

    /// A score of how well it fits the question, and the words that contributed.
    pub(crate) fn fit<'w>(&self, asked: &'w [String]) -> (u32, Vec<&'w str>) {
        let name = words::of(&self.name);
        let description = words::of(&self.description);
        let all = self.parameters["properties"].as_object();
        let parameters: Vec<String> = all
            .into_iter()
            .flatten()
            .flat_map(|(name, schema)| {
                let said = schema["description"].as_str().unwrap_or_default();
                [words::of(name), words::of(said)].concat()
            })
            .collect();
        let weight = |word: &str| match () {
            () if name.iter().any(|own| own == word) => 6,
            () if name.iter().any(|own| is_start(own, word)) => 3,
            () if description.iter().any(|own| own == word) => 2,
            () if parameters.iter().any(|own| own == word) => 1,
            () => 0,
        };
        let weights = asked.iter().map(|word| {
            let best = words::meanings(word).map(weight).max().unwrap_or(0);
            (best, word.as_str())
        });
        let fitting: Vec<_> = weights.filter(|(weight, _)| *weight > 0).collect();
        (
            fitting.iter().map(|(weight, _)| weight).sum(),
            fitting.into_iter().map(|(_, word)| word).collect(),
        )
    }

    /// Whether its name, and not only its description, is among the words.
    pub(crate) fn is_named(&self, asked: &[&str]) -> bool {
        let name = words::of(&self.name);
        let meant = asked.iter().flat_map(|word| words::meanings(word));
        meant
            .into_iter()
            .any(|word| name.iter().any(|own| own == word))
    }

    /// The tokens of its declaration, by a rule for one text.
    pub(crate) fn tokens(&self, of: impl Fn(&str) -> usize) -> usize {
        of(&self.name) + of(&self.description) + of(&self.parameters.to_string())
    }

    /// Whether its description mentions `key`.
    pub(crate) fn speaks_of(&self, key: &str) -> bool {
        words::squash(&self.description).contains(key)
    }
}

impl Parameter<'_> {
    /// What the parameter expects.
    pub(crate) fn wants(&self) -> Wants {
        let name = words::of(self.name);
        let says = |word: &str| name.iter().any(|own| own == word);
        let described = words::of(self.description());
        let described = |word: &str| described.iter().any(|own| own == word);
        let is_number = ["number", "integer"].iter().any(|kind| self.is_of(kind));
        let is_zone = says("timezone") || says("zone") || says("tz");
        match () {
            () if is_number => Wants::Number,
            () if is_zone => Wants::Zone,
            () if ["city", "place", "town", "location", "address"]
                .iter()
                .any(|word| says(word)) =>
            {
                Wants::Place
            }
            () if says("date") || says("day") => Wants::Day,
            // If the name is generic (`from`, `to`, `name`), the description decides.
            () if name.is_empty() || says("name") => match () {
                () if described("zone") || described("timezone") => Wants::Zone,
                () if described("city") || described("place") => Wants::Place,
                () => Wants::Key,
            },
            () if ["query", "question", "text", "q", "prompt"]
                .iter()
                .any(|word| says(word)) =>
            {
                Wants::Question
            }
            () => Wants::Key,
        }
    }

    /// Whether it is a destination: people name that last.
    pub(crate) fn is_goal(&self) -> bool {
        let mut words = self.name.split('_');
        words.any(|word| matches!(word, "to" | "destination" | "target" | "end"))
    }

    /// The value of its enumeration that the words contain.
    pub(crate) fn choice(&self, asked: &[String]) -> Option<Value> {
        let all = self.schema["enum"].as_array()?;
        let named = |value: &&Value| {
            let text = value.as_str().unwrap_or_default();
            let own = words::of(text);
            !own.is_empty() && own.iter().all(|word| asked.contains(word))
        };
        all.iter().find(named).cloned()
    }

    /// Whether it accepts any text.
    pub(crate) fn is_free(&self) -> bool {
        self.wants() == Wants::Key && self.is_of("string") && self.schema["enum"].is_null()
    }

    /// The description, for people and models.
    pub(crate) fn description(&self) -> &str {
        self.schema["description"].as_str().unwrap_or_default()
    }

    fn is_of(&self, kind: &str) -> bool {
        match &self.schema["type"] {
            Value::String(one) => one == kind,
            Value::Array(all) => all.iter().any(|one| one == kind),
            _ => false,
        }
    }
}

/// Arguments by name.
pub(crate) type Arguments = Map<String, Value>;

fn is_start(one: &str, other: &str) -> bool {
    one.len().min(other.len()) >= 3 && (one.starts_with(other) || other.starts_with(one))
}
