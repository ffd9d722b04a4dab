//! Tells the time in a zone, and the difference between two zones.

use glassbox::{OrToolError, ToolError, Toolbox};
use jiff::{Timestamp, Zoned, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The tool, ready to be hosted.
pub fn tool() -> Toolbox {
    Toolbox::new("time-tool")
        .with(local_time)
        .with(time_difference)
}

/// Which zone, and when.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct LocalTimeQuery {
    /// IANA time zone, such as "Europe/Oslo".
    pub timezone: String,
    /// The instant, in RFC 3339; now, if nothing is said.
    #[serde(default)]
    pub at: Option<String>,
}

/// The time in a zone.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LocalTimeAnswer {
    /// The zone that was asked for.
    pub timezone: String,
    /// Hours and minutes there, such as "22:16".
    pub local_time: String,
    /// The date there, such as "2026-11-21".
    pub local_date: String,
    /// The day of the week there.
    pub weekday: String,
    /// Difference from UTC, such as "+01:00".
    pub utc_offset: String,
}

/// Tells what time it is now in a time zone.
#[glassbox::tool(read_only)]
pub async fn local_time(query: LocalTimeQuery) -> Result<LocalTimeAnswer, ToolError> {
    let local = instant(query.at.as_deref())?.to_zoned(zone(&query.timezone)?);
    // Arguments and results are content, which is recorded only on spans, and only if content capture is
    // on.
    tracing::info!("told the time");
    Ok(LocalTimeAnswer {
        local_time: local.strftime("%H:%M").to_string(),
        local_date: local.strftime("%Y-%m-%d").to_string(),
        weekday: local.strftime("%A").to_string(),
        utc_offset: local.strftime("%:z").to_string(),
        timezone: query.timezone,
    })
}

/// Which zones, and when.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct TimeDifferenceQuery {
    /// IANA time zone to start from, such as "Europe/Oslo".
    pub from_timezone: String,
    /// IANA time zone to compare with, such as "Asia/Tokyo".
    pub to_timezone: String,
    /// The instant, in RFC 3339; now, if nothing is said.
    #[serde(default)]
    pub at: Option<String>,
}

/// How far two zones are apart.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TimeDifferenceAnswer {
    /// Hours that the second zone is ahead of the first; negative: behind.
    pub difference_hours: f64,
    /// The same in words, such as "Asia/Tokyo is 8 h ahead of Europe/Oslo".
    pub difference: String,
}

/// Tells the time difference between two time zones.
#[glassbox::tool(read_only)]
pub async fn time_difference(
    query: TimeDifferenceQuery,
) -> Result<TimeDifferenceAnswer, ToolError> {
    let at = instant(query.at.as_deref())?;
    let offset = |name: &str| zone(name).map(|zone| at.to_zoned(zone).offset().seconds());
    let minutes = (offset(&query.to_timezone)? - offset(&query.from_timezone)?) / 60;
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    let apart = match rest {
        0 => format!("{hours} h"),
        _ => format!("{hours} h {rest} min"),
    };
    let (from, to) = (&query.from_timezone, &query.to_timezone);
    let difference = match minutes {
        0 => format!("{to} has the same time as {from}"),
        1.. => format!("{to} is {apart} ahead of {from}"),
        _ => format!("{to} is {apart} behind {from}"),
    };
    Ok(TimeDifferenceAnswer {
        difference_hours: f64::from(minutes) / 60.0,
        difference,
    })
}

fn zone(name: &str) -> Result<TimeZone, ToolError> {
    let message = format!("'{name}' is no IANA time zone; one looks like Europe/Oslo");
    TimeZone::get(name).or_invalid("time.unknown_zone", message)
}

fn instant(text: Option<&str>) -> Result<Timestamp, ToolError> {
    let Some(text) = text else {
        return Ok(Zoned::now().timestamp());
    };
    let message = format!("'{text}' is no RFC 3339 time; one looks like 2026-11-21T22:16:00Z");
    text.parse::<Timestamp>()
        .or_invalid("time.bad_instant", message)
}

#[cfg(test)]
mod tests;
