use super::*;
use glassbox::{Cx, Outcome, Tool};
use serde_json::{Value, json};
use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

fn ask(latitude: f64, longitude: f64, date: &str, timezone: &str) -> Result<Value, ToolError> {
    let tool = tool();
    let cx = Cx::background();
    let input =
        json!({"latitude": latitude, "longitude": longitude, "date": date, "timezone": timezone});
    match pin!(tool.call(&cx, "daylight", input)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer
            .and_then(Outcome::into_output)
            .map(|output| output.value),
        Poll::Pending => panic!("arithmetic waits for nothing"),
    }
}

fn minute_of(time: &Value) -> i64 {
    let (hour, minute) = time.as_str().unwrap().split_once(':').unwrap();
    hour.parse::<i64>().unwrap() * 60 + minute.parse::<i64>().unwrap()
}

#[track_caller]
fn near(time: &Value, expected: &str) {
    let expected = minute_of(&json!(expected));
    assert!(
        (minute_of(time) - expected).abs() <= 2,
        "{time} is not {expected}"
    );
}

#[test]
fn sunrise_and_sunset_agree_with_the_almanac() {
    // Greenwich at the solstices, Quito at an equinox: published values, to the minute.
    let winter = ask(51.4769, 0.0, "2026-12-21", "Europe/London").unwrap();
    near(&winter["sunrise"], "08:03");
    near(&winter["sunset"], "15:53");
    let summer = ask(51.4769, 0.0, "2026-06-21", "Europe/London").unwrap();
    near(&summer["sunrise"], "04:43");
    near(&summer["sunset"], "21:21");
    let equator = ask(-0.18, -78.47, "2026-03-20", "America/Guayaquil").unwrap();
    assert!((725..=729).contains(&equator["daylight_minutes"].as_i64().unwrap()));
}

#[test]
fn the_far_north_has_days_without_night_and_without_light() {
    let night = ask(69.6489, 18.9551, "2026-12-21", "Europe/Oslo").unwrap();
    assert_eq!(night["day_length"], "polar night");
    assert_eq!(night["daylight_minutes"], 0);
    assert!(night.get("sunrise").is_none());
    let light = ask(69.6489, 18.9551, "2026-06-21", "Europe/Oslo").unwrap();
    assert_eq!(light["day_length"], "midnight sun");
    assert_eq!(light["daylight_minutes"], 1440);
}

#[test]
fn the_day_is_the_zones_own() {
    let auckland = ask(-36.85, 174.76, "2026-12-21", "Pacific/Auckland").unwrap();
    assert_eq!(auckland["date"], "2026-12-21");
    near(&auckland["sunrise"], "05:58");
    near(&auckland["sunset"], "20:39");
}

#[test]
fn bad_input_says_which_value_is_wrong() {
    let error = ask(99.0, 0.0, "2026-12-21", "UTC").unwrap_err();
    assert_eq!(
        error.message(),
        "latitude is 99, and must lie between -90 and 90 degrees"
    );
    assert!(ask(f64::NAN, 0.0, "2026-12-21", "UTC").is_err());
    let error = ask(0.0, 0.0, "someday", "UTC").unwrap_err();
    assert!(error.message().contains("'someday' is no day"));
    let error = ask(0.0, 0.0, "2026-12-21", "Mars/Olympus").unwrap_err();
    assert!(error.message().contains("'Mars/Olympus'"));
}
