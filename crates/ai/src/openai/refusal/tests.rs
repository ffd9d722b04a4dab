use super::*;
use crate::wire::{Reason, conceal::Conceal};
use serde_json::json;

fn of(body: &str) -> Refusal {
    read(body, &Reading::default())
}

fn said(body: &str) -> String {
    of(body).message.unwrap_or_default()
}

#[test]
fn the_message_is_found_in_every_form() {
    for body in [
        json!({"error": {"message": "no such model"}}),
        json!({"error": "no such model"}),
        json!({"error": ["no such model"]}),
        json!({"error": [{"message": "no such model"}]}),
        json!([{"error": {"message": "no such model", "status": "X"}}]),
        json!({"detail": "no such model"}),
        json!({"detail": {"msg": "no such model"}}),
        json!({"message": "no such model"}),
        json!({"errors": [{"code": 7, "message": "no such model"}], "success": false}),
        json!({"error": {"code": 400, "message": "", "detail": "no such model"}}),
        json!({"error": {"message": {"text": 1, "message": "no such model"}}}),
        json!({"error": {"message": "{\"error\": {\"message\": \"no such model\"}}"}}),
        json!("no such model"),
    ] {
        assert_eq!(said(&body.to_string()), "no such model", "{body}");
    }
    for (body, expected) in [
        (
            json!({"detail": [{"loc": ["body", "seed"], "msg": "extra fields"}, {"loc": ["body", 1], "msg": "b"}]}),
            "body.seed: extra fields; body.1: b",
        ),
        (
            json!({"error": "Bad Request", "message": "no model", "status": 400}),
            "Bad Request: no model",
        ),
        (
            json!({"error": {"message": "Provider returned error", "metadata": {"raw": "{\"error\": {\"message\": \"busy\"}}"}}}),
            "Provider returned error: busy",
        ),
    ] {
        assert_eq!(said(&body.to_string()), expected);
    }
    assert_eq!(said(r#"{"odd": "no"}"#), r#"{"odd": "no"}"#);
    assert_eq!(of("{}").message, None);
    assert_eq!(of("").message, None);
}

#[test]
fn text_and_pages_become_one_short_line() {
    assert_eq!(said("no\n  such\tmodel\u{7}"), "no such model");
    let page = "<!DOCTYPE html><html><head><TITLE>502\nBad Gateway</TITLE></head><body>x</body>";
    assert_eq!(said(page), "502 Bad Gateway");
    assert_eq!(
        said("<h1>Not here</h1><p>Go <b>away</b>"),
        "Not here Go away"
    );
    let long = said(&"word ".repeat(1000));
    assert!(long.ends_with('…') && long.chars().count() == 301);
    assert_eq!(
        said("event: error\ndata: {\"message\": \"busy\"}\n\n"),
        "busy"
    );
}

#[test]
fn statuses_and_reasons_are_found_in_words_and_messages() {
    let of = |body: Value| {
        let refusal = super::of_value(&body);
        (refusal.status, refusal.reason)
    };
    for (body, expected) in [
        (json!({"error": {"code": "503"}}), (Some(503), None)),
        (json!({"error": {"code": 7}}), (None, None)),
        (
            json!({"message": "no", "type": "invalid_request_error"}),
            (Some(400), None),
        ),
        (
            json!({"error": {"message": "No more.", "type": "insufficient_quota", "status": 429}}),
            (Some(429), Some(Reason::Quota)),
        ),
        (
            json!({"error": {"code": 429, "message": "You exceeded your current quota"}}),
            (Some(429), Some(Reason::Quota)),
        ),
        (
            json!({"error": {"code": 429, "message": "You exceeded your current quota", "details": [{"retryDelay": "34s"}]}}),
            (Some(429), Some(Reason::RateLimited)),
        ),
        (
            json!({"error": {"message": "This model's maximum context length is 2048 tokens."}}),
            (None, Some(Reason::ContextTooLong)),
        ),
        (
            json!({"error": {"type": "exceed_context_size_error", "code": 400}}),
            (Some(400), Some(Reason::ContextTooLong)),
        ),
        (
            json!({"error": {"message": "prompt is too long: 9 tokens > 8 maximum"}}),
            (None, Some(Reason::ContextTooLong)),
        ),
    ] {
        assert_eq!(of(body.clone()), expected, "{body}");
    }
}

#[test]
fn an_answer_is_not_taken_for_an_error() {
    let answer = json!({"choices": [{"message": {"content": "hi"}}], "error": null});
    assert_eq!(within(&answer), None);
    for empty in [json!({}), json!(""), json!(false), json!({"message": null})] {
        assert_eq!(within(&json!({"choices": [{}], "error": empty})), None);
    }
    assert_eq!(within(&json!({"usage": {}, "choices": []})), None);
    assert!(within(&json!({"object": "error", "message": "no"})).is_some());
    assert!(within(&json!({"detail": "no"})).is_some());
}

#[test]
fn a_secret_in_an_error_is_concealed() {
    let reading = Reading {
        conceal: Conceal::new(["sk-secret-1".to_owned()]),
        ..Reading::default()
    };
    for body in [
        r#"{"error": {"message": "bad key sk-secret-1"}}"#,
        "bad key sk-secret-1",
        "<p>bad key sk-secret-1",
    ] {
        let message = read(body, &reading).message.unwrap();
        assert_eq!(message, "bad key REDACTED");
    }
}
