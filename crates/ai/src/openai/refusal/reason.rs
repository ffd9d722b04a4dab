//! The words that providers use for a reason.

use crate::wire::Reason;

/// Parts of codes and messages, in lower case. The first match wins.
const REASONS: &[(Reason, &[&str])] = &[
    (
        Reason::Quota,
        &[
            "insufficient_quota",
            "insufficient quota",
            "billing_hard_limit",
            "billing_not_active",
            "insufficient_balance",
            "insufficient balance",
            "credit balance",
            "insufficient credits",
            "insufficient_credits",
            "requires more credits",
            "out of credits",
            "payment required",
            "exceeded your current quota",
            "quota_exceeded",
            "quota exceeded",
            "spending limit",
        ],
    ),
    (
        Reason::RateLimited,
        &[
            "rate_limit",
            "rate limit",
            "ratelimit",
            "too_many_requests",
            "too many requests",
            "resource_exhausted",
            "tokens per minute",
            "requests per minute",
        ],
    ),
    (
        Reason::ContextTooLong,
        &[
            "context_length",
            "context length",
            "context window",
            "context_window",
            "context size",
            "exceed_context",
            "maximum context",
            "maximum prompt length",
            "prompt is too long",
            "prompt too long",
            "input is too long",
            "input length",
            "too many tokens",
            "too many input tokens",
            "token count exceeds",
            "exceeds the maximum number of tokens",
            "exceed the maximum number of tokens",
            "reduce the length",
            "must have less than",
            "tokens + `max_new_tokens`",
        ],
    ),
    (
        Reason::Unauthenticated,
        &[
            "invalid_api_key",
            "invalid api key",
            "incorrect api key",
            "authentication_error",
            "unauthenticated",
            "api key not valid",
            "api_key_invalid",
            "invalid_authentication",
        ],
    ),
    (
        Reason::NotFound,
        &["model_not_found", "model not found", "not_found_error"],
    ),
];

impl Reason {
    /// Turns a quota into a rate limit, if the server asks to wait.
    pub(super) fn unless_temporary(self, is_temporary: bool) -> Self {
        match self {
            Self::Quota if is_temporary => Self::RateLimited,
            reason => reason,
        }
    }
}

/// The reason that a code or a type names.
pub(super) fn of_word(word: &str) -> Option<Reason> {
    of_text(word)
}

/// The reason that a message states.
pub(super) fn of_text(text: &str) -> Option<Reason> {
    let text = text.to_ascii_lowercase();
    let mut all = REASONS.iter();
    all.find(|(_, parts)| parts.iter().any(|part| text.contains(part)))
        .map(|(reason, _)| *reason)
}

/// The status that a code or a type stands for.
pub(super) fn status(word: &str) -> Option<u16> {
    Some(match word.to_ascii_lowercase().as_str() {
        "invalid_request_error" | "invalid_argument" | "badrequesterror" | "bad_request" => 400,
        "permission_denied" | "permission_error" | "forbidden" => 403,
        "not_found" => 404,
        "request_too_large" => 413,
        "unprocessable_entity" => 422,
        _ => return None,
    })
}
