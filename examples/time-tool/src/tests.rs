use super::*;
use glassbox::{Cx, Outcome, Tool};
use serde_json::{Value, json};
use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

fn call(capability: &str, input: Value) -> Result<Value, ToolError> {
    let tool = tool();
    let cx = Cx::background();
    match pin!(tool.call(&cx, capability, input)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer
            .and_then(Outcome::into_output)
            .map(|output| output.value),
        Poll::Pending => panic!("arithmetic waits for nothing"),
    }
}

#[test]
fn an_instant_is_told_in_the_zones_own_time() {
    let query = json!({"timezone": "Europe/Oslo", "at": "2026-11-21T21:16:00Z"});
    let answer = call("local_time", query).unwrap();
    assert_eq!(answer["local_time"], "22:16");
    assert_eq!(answer["local_date"], "2026-11-21");
    assert_eq!(answer["weekday"], "Saturday");
    assert_eq!(answer["utc_offset"], "+01:00");
}

#[test]
fn the_difference_knows_summer_time_and_half_hours() {
    let apart = |from: &str, to: &str, at: &str| {
        let query = json!({"from_timezone": from, "to_timezone": to, "at": at});
        call("time_difference", query).unwrap()
    };
    let winter = apart("Europe/Oslo", "Asia/Tokyo", "2026-01-15T00:00:00Z");
    assert_eq!(winter["difference_hours"], 8.0);
    let summer = apart("Europe/Oslo", "Asia/Tokyo", "2026-07-15T00:00:00Z");
    assert_eq!(summer["difference_hours"], 7.0);
    let half = apart("Asia/Kolkata", "UTC", "2026-07-15T00:00:00Z");
    assert_eq!(half["difference"], "UTC is 5 h 30 min behind Asia/Kolkata");
}

#[test]
fn what_is_no_zone_or_no_time_is_named() {
    let error = call("local_time", json!({"timezone": "Europe/Atlantis"})).unwrap_err();
    assert!(
        error
            .message()
            .contains("'Europe/Atlantis' is no IANA time zone")
    );
    let query = json!({"timezone": "UTC", "at": "tomorrow"});
    let error = call("local_time", query).unwrap_err();
    assert_eq!(error.code(), "time.bad_instant");
}
