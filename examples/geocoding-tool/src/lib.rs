//! Finds a city's coordinates and time zone, from a table of 6 500 cities that is part of the program.

mod fold;

use fold::fold;
use glassbox::{ToolError, Toolbox};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// Source and licence: `data/SOURCE.md`.
const TABLE: &str = include_str!("../data/cities.tsv");

static CITIES: LazyLock<Vec<(String, City)>> = LazyLock::new(|| {
    let rows = TABLE.lines().skip(1);
    rows.filter_map(|row| City::parse(row).map(|city| (fold(&city.name), city)))
        .collect()
});

/// The tool, ready to be hosted.
pub fn tool() -> Toolbox {
    Toolbox::new("geocoding-tool").with(geocode)
}

/// What is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Query {
    /// The name of a city, in English or as its people write it, such as "Tromsø".
    pub city: String,
    /// The country's English name, to choose among cities of one name.
    #[serde(default)]
    pub country: Option<String>,
    /// IANA time zone of the city, to choose among cities of one name in one country.
    #[serde(default)]
    pub timezone: Option<String>,
}

/// Where a city is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct City {
    /// The city's name.
    pub name: String,
    /// The country's name.
    pub country: String,
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// IANA time zone, such as "Europe/Oslo".
    pub timezone: String,
    /// People who live there.
    pub population: u64,
}

impl City {
    fn parse(row: &str) -> Option<Self> {
        let mut fields = row.split('\t');
        Some(Self {
            name: fields.next()?.to_owned(),
            country: fields.next()?.to_owned(),
            latitude: fields.next()?.parse().ok()?,
            longitude: fields.next()?.parse().ok()?,
            timezone: fields.next()?.to_owned(),
            population: fields.next()?.parse().ok()?,
        })
    }
}

/// A smaller city of the same name is a possible match if it has at least one third of the largest one's
/// population.
const RIVAL: u64 = 3;

/// Asks which of several cities is meant.
fn ambiguous(name: &str, rivals: &[&City]) -> ToolError {
    let rivals_text: Vec<String> = rivals
        .iter()
        .map(|city| {
            format!(
                "in {} at {:.2}, {:.2} ({}, {} people)",
                city.country, city.latitude, city.longitude, city.timezone, city.population
            )
        })
        .collect();
    ToolError::invalid(
        "geocoding.ambiguous_city",
        format!(
            "{} cities are called '{name}': {}. Which one is meant? Pass its country, its timezone, or \
             use its coordinates",
            rivals.len(),
            rivals_text.join("; ")
        ),
    )
}

/// Finds the latitude, longitude and time zone of a city by its name.
#[glassbox::tool(read_only)]
pub async fn geocode(query: Query) -> Result<City, ToolError> {
    let name = fold(&query.city);
    let country = query.country.as_deref().map(fold);
    let zone = query.timezone.as_deref().map(fold);
    let fits = |city: &City| {
        let is = |wanted: &Option<String>, own: &str| {
            wanted.as_ref().is_none_or(|wanted| fold(own) == *wanted)
        };
        is(&country, &city.country) && is(&zone, &city.timezone)
    };
    // The table is sorted by population: if several cities match, the largest is chosen, unless another
    // is about as large. A full name wins over a prefix ("New York" for "New York City").
    let begins = |known: &str| {
        known
            .strip_prefix(name.as_str())
            .is_some_and(|rest| rest.starts_with(' '))
    };
    let mut candidates = CITIES.iter().filter(|(_, city)| fits(city));
    let found = candidates
        .clone()
        .find(|(known, _)| *known == name)
        .or_else(|| candidates.find(|(known, _)| !name.is_empty() && begins(known)));
    if let Some((known, city)) = found {
        let of_one_name = CITIES
            .iter()
            .filter(|(other, city)| other == known && fits(city));
        let rivals: Vec<&City> = of_one_name
            .map(|(_, rival)| rival)
            .filter(|rival| rival.population * RIVAL >= city.population)
            .collect();
        if rivals.len() > 1 && zone.is_none() {
            return Err(ambiguous(&city.name, &rivals));
        }
        // The city is content, which is recorded only on spans, and only if content capture is on.
        tracing::info!(geocoding.matches = rivals.len(), "found a city");
        return Ok(city.clone());
    }
    let place = match &query.country {
        Some(country) => format!("'{}' in {country}", query.city),
        None => format!("'{}'", query.city),
    };
    Err(ToolError::not_found(
        "geocoding.unknown_city",
        format!(
            "no city of at least 100 000 people is called {place}; \
             check the spelling or name a larger city nearby"
        ),
    ))
}

#[cfg(test)]
mod tests;
