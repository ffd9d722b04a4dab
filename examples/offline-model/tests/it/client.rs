//! A client of the router, and a set of example tools.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use serde_json::{Value, json};
use tower::ServiceExt;

/// Posts a body and returns status and text.
pub(crate) async fn post(body: String) -> (StatusCode, String) {
    let request = Request::post("/v1/chat/completions").body(Body::from(body));
    send(request.unwrap()).await
}

pub(crate) async fn send(request: Request<Body>) -> (StatusCode, String) {
    let response = offline_model::router().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Requests the next turn, without streaming.
pub(crate) async fn chat(mut request: Value) -> Value {
    request["model"] = "any".into();
    let (status, body) = post(request.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// The calls of each turn, by name and arguments, and the answer.
pub(crate) struct Talk {
    pub(crate) turns: Vec<Vec<(String, Value)>>,
    pub(crate) answer: String,
}

/// Asks a question and answers every call by `act` until the model returns text.
pub(crate) async fn talk(
    question: &str,
    tools: &Value,
    act: impl Fn(&str, &Value) -> Value,
) -> Talk {
    let mut messages = vec![json!({"role": "user", "content": question})];
    let mut turns = Vec::new();
    loop {
        let reply = chat(json!({"messages": messages, "tools": tools})).await;
        let message = reply["choices"][0]["message"].clone();
        let Some(calls) = message["tool_calls"].as_array() else {
            let answer = message["content"].as_str().unwrap().to_owned();
            return Talk { turns, answer };
        };
        assert!(turns.len() < 8, "it goes on and on: {turns:?}");
        messages.push(message.clone());
        let mut turn = Vec::new();
        for call in calls {
            let name = call["function"]["name"].as_str().unwrap();
            let arguments = call["function"]["arguments"].as_str().unwrap();
            let arguments: Value = serde_json::from_str(arguments).unwrap();
            let result = act(name, &arguments).to_string();
            messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": result}));
            turn.push((name.to_owned(), arguments));
        }
        turns.push(turn);
    }
}

fn tool(name: &str, description: &str, required: &[&str], properties: Value) -> Value {
    let parameters = json!({"type": "object", "properties": properties, "required": required});
    json!({"type": "function", "function": {
        "name": name, "description": description, "parameters": parameters,
    }})
}

/// Tools like those of the demo.
pub(crate) fn travel() -> Value {
    let zone = json!({"type": "string", "description": "IANA time zone, such as \"Europe/Oslo\"."});
    let degrees = json!({"type": "number", "description": "Degrees, north or east positive."});
    json!([
        tool(
            "daylight",
            "Computes sunrise, sunset and how long the day is at a place, from latitude and longitude.",
            &["latitude", "longitude"],
            json!({"latitude": degrees, "longitude": degrees,
                "date": {"type": ["string", "null"], "description": "A date such as \"2026-11-22\", \"today\" or \"tomorrow\"."},
                "timezone": {"type": ["string", "null"], "description": "IANA time zone in which the day and the times are told."}}),
        ),
        tool(
            "geocode",
            "Finds the latitude, longitude and time zone of a city by its name.",
            &["city"],
            json!({"city": {"type": "string", "description": "The name of a city, such as \"Tromsø\"."},
                "country": {"type": ["string", "null"], "description": "The country, to choose among cities of one name."}}),
        ),
        tool(
            "local_time",
            "Tells what time it is now in a time zone.",
            &["timezone"],
            json!({"timezone": zone, "at": {"type": ["string", "null"], "description": "The instant; now, if nothing is said."}}),
        ),
        tool(
            "time_difference",
            "Tells the time difference between two time zones.",
            &["from_timezone", "to_timezone"],
            json!({"from_timezone": zone, "to_timezone": zone, "at": {"type": ["string", "null"]}}),
        ),
        tool(
            "weather",
            "Tells the current weather at a place: temperature, wind and precipitation.",
            &["latitude", "longitude"],
            json!({"latitude": degrees, "longitude": degrees}),
        ),
    ])
}

/// The results of those tools.
pub(crate) fn travelled(name: &str, arguments: &Value) -> Value {
    match name {
        "geocode" => match arguments["city"].as_str().unwrap() {
            "Atlantis" => {
                json!({"code": "geocoding.unknown_city", "category": "not_found", "retryable": false,
                "message": "no city is called 'Atlantis'"})
            }
            "Tokyo" => {
                json!({"name": "Tokyo", "country": "Japan", "latitude": 35.69, "longitude": 139.69,
                "timezone": "Asia/Tokyo", "population": 9_000_000})
            }
            city => {
                json!({"name": city, "country": "Norway", "latitude": 69.65, "longitude": 18.96,
                "timezone": "Europe/Oslo", "population": 77_000})
            }
        },
        "daylight" => json!({"date": "2026-11-22", "sunrise": "10:31", "sunset": "12:21",
            "daylight_minutes": 110, "day_length": "1 h 50 min"}),
        "local_time" => json!({"timezone": arguments["timezone"], "local_time": "06:17",
            "local_date": "2026-11-21", "weekday": "Saturday", "utc_offset": "+01:00"}),
        "time_difference" => json!({"difference_hours": 8.0,
            "difference": "Asia/Tokyo is 8 h ahead of Europe/Oslo"}),
        "weather" => json!({"error": {"code": "weather.unreachable", "category": "unavailable",
            "message": "api.open-meteo.com cannot be reached."}}),
        other => panic!("nobody has {other}"),
    }
}
