use super::*;
use glassbox::{Cx, Outcome, Tool};
use serde_json::json;
use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

fn find(city: &str, country: Option<&str>) -> Result<serde_json::Value, ToolError> {
    call(json!({"city": city, "country": country}))
}

fn call(input: serde_json::Value) -> Result<serde_json::Value, ToolError> {
    let tool = tool();
    let cx = Cx::background();
    match pin!(tool.call(&cx, "geocode", input)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer
            .and_then(Outcome::into_output)
            .map(|output| output.value),
        Poll::Pending => panic!("a table look-up waits for nothing"),
    }
}

#[test]
fn a_city_is_found_however_it_is_written() {
    for spelling in ["Tromsø", "tromso", " TROMSØ "] {
        let city = find(spelling, None).unwrap();
        assert_eq!(city["name"], "Tromsø");
        assert_eq!(city["timezone"], "Europe/Oslo");
        assert_eq!(city["latitude"], 69.6489);
    }
    assert_eq!(find("New York", None).unwrap()["name"], "New York City");
}

#[test]
fn of_several_cities_the_largest_is_meant_unless_a_country_is_named() {
    assert_eq!(find("London", None).unwrap()["country"], "United Kingdom");
    assert_eq!(
        find("London", Some("canada")).unwrap()["timezone"],
        "America/Toronto"
    );
}

#[test]
fn of_cities_of_one_size_none_is_guessed() {
    let error = find("springfield", None).unwrap_err();
    assert_eq!(error.code(), "geocoding.ambiguous_city");
    let said = error.message();
    assert!(
        said.starts_with("3 cities are called 'Springfield': in United States"),
        "{said}"
    );
    assert!(
        said.contains("America/New_York") && said.contains("Which one is meant?"),
        "{said}"
    );
    let input = json!({"city": "Springfield", "timezone": "America/New_York"});
    assert_eq!(call(input).unwrap()["latitude"], 42.1015);
}

#[test]
fn an_unknown_city_is_named_in_the_error() {
    let error = find("Atlantis", Some("Greece")).unwrap_err();
    assert_eq!(error.code(), "geocoding.unknown_city");
    assert!(error.message().contains("'Atlantis' in Greece"));
    assert!(find("", None).is_err());
}

#[test]
fn every_row_of_the_table_is_read() {
    assert_eq!(CITIES.len(), TABLE.lines().count() - 1);
    assert!(CITIES.len() > 6_000);
    let sane = |city: &City| city.latitude.abs() <= 90.0 && city.longitude.abs() <= 180.0;
    assert!(CITIES.iter().all(|(_, city)| sane(city)));
}
