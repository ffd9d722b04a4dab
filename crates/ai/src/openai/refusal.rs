//! OpenAI's error object.

use crate::wire::{Reason, Refusal};
use serde_json::Value;

/// Reads an error object, or text in its place.
pub(super) fn read(error: &Value) -> Refusal {
    let status = error["status"].as_u64().or_else(|| error["code"].as_u64());
    let word = error["code"].as_str().or_else(|| error["type"].as_str());
    let message = match error {
        Value::String(message) => Some(message.as_str()),
        error => error["message"].as_str(),
    };
    Refusal {
        status: status.and_then(|status| u16::try_from(status).ok()),
        reason: word.and_then(reason),
        message: message.map(str::to_owned),
    }
}

fn reason(word: &str) -> Option<Reason> {
    match word {
        "insufficient_quota" => Some(Reason::Quota),
        "context_length_exceeded" => Some(Reason::ContextTooLong),
        "invalid_api_key" => Some(Reason::Unauthenticated),
        "model_not_found" => Some(Reason::NotFound),
        "rate_limit_exceeded" => Some(Reason::RateLimited),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_object_says_status_reason_and_message() {
        let refusal =
            read(&json!({"message": "No more.", "type": "insufficient_quota", "status": 429}));
        assert_eq!(refusal.status, Some(429));
        assert_eq!(refusal.reason, Some(Reason::Quota));
        assert_eq!(refusal.message.as_deref(), Some("No more."));
        let refusal = read(&json!({"message": "no", "code": 503}));
        assert_eq!((refusal.status, refusal.reason), (Some(503), None));
        assert_eq!(read(&json!("busy")).message.as_deref(), Some("busy"));
        assert_eq!(read(&Value::Null).message, None);
    }
}
