//! Computes sunrise, sunset and the length of the day, anywhere, on any day.

mod sun;

use glassbox::{OrToolError, ToolError, Toolbox};
use jiff::{Timestamp, ToSpan, Zoned, civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sun::Light;

const BAD_QUERY: &str = "daylight.bad_query";

/// The tool, ready to be hosted.
pub fn tool() -> Toolbox {
    Toolbox::new("daylight-tool").with(daylight)
}

/// Where and when.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Query {
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// The day: a date such as "2026-11-22", "today" or "tomorrow"; today, if nothing is said.
    #[serde(default)]
    pub date: Option<String>,
    /// IANA time zone in which the day and the times are told; UTC, if nothing is said.
    #[serde(default)]
    pub timezone: Option<String>,
}

/// One day's light, within about two minutes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The day.
    pub date: String,
    /// Local time of sunrise, such as "10:41"; nothing where the sun does not rise or does not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sunrise: Option<String>,
    /// Local time of sunset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sunset: Option<String>,
    /// Minutes between them.
    pub daylight_minutes: i64,
    /// The same in words, such as "1 h 12 min", "polar night" or "midnight sun".
    pub day_length: String,
}

/// Computes sunrise, sunset and how long the day is at a place, from latitude and longitude.
#[glassbox::tool(read_only)]
pub async fn daylight(query: Query) -> Result<Answer, ToolError> {
    within("latitude", query.latitude, 90.0)?;
    within("longitude", query.longitude, 180.0)?;
    let name = query.timezone.as_deref().unwrap_or("UTC");
    let zone =
        TimeZone::get(name).or_invalid(BAD_QUERY, format!("'{name}' is no IANA time zone"))?;
    let date = day(query.date.as_deref(), &zone)?;
    let noon = date
        .at(12, 0, 0, 0)
        .to_zoned(zone.clone())
        .or_invalid(BAD_QUERY, format!("{date} is too far away"))?;
    let told = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%H:%M").to_string();
    let light = sun::light(noon.timestamp(), query.latitude, query.longitude);
    let (sunrise, sunset, minutes, words) = match light {
        Light::Day { rise, set } => {
            let minutes = (set.as_second() - rise.as_second() + 30) / 60;
            let words = format!("{} h {} min", minutes / 60, minutes % 60);
            (Some(told(rise)), Some(told(set)), minutes, words)
        }
        Light::Never => (None, None, 0, "polar night".to_owned()),
        Light::Always => (None, None, 24 * 60, "midnight sun".to_owned()),
    };
    // Arguments and results are content, which is recorded only on spans, and only if content capture is
    // on.
    tracing::info!("computed the daylight");
    Ok(Answer {
        date: date.to_string(),
        sunrise,
        sunset,
        daylight_minutes: minutes,
        day_length: words,
    })
}

fn day(text: Option<&str>, zone: &TimeZone) -> Result<Date, ToolError> {
    let today = || Zoned::now().with_time_zone(zone.clone()).date();
    match text.map(str::trim) {
        None | Some("" | "today") => Ok(today()),
        Some("tomorrow") => Ok(today().saturating_add(1.day())),
        Some(text) => text.parse::<Date>().or_invalid(
            BAD_QUERY,
            format!("'{text}' is no day; one looks like 2026-11-22"),
        ),
    }
}

fn within(name: &str, degrees: f64, bound: f64) -> Result<(), ToolError> {
    match degrees.abs() <= bound {
        true => Ok(()),
        false => Err(ToolError::invalid(
            BAD_QUERY,
            format!("{name} is {degrees}, and must lie between -{bound} and {bound} degrees"),
        )),
    }
}

#[cfg(test)]
mod tests;
