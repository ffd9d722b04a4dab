//! Why an answer ended.

use super::field;
use glassbox_core::FinishReason;
use serde_json::Value;

/// The end of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    /// The answer ended normally.
    Ended(FinishReason),
    /// The answer failed, with the provider's word for the reason.
    Failed { word: String, is_transient: bool },
}

impl Finish {
    /// Reads a reason; `None` if there is none.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let word = match value {
            Value::Object(_) => field::said(value, &["type", "reason", "value"])?,
            Value::String(_) => field::text(value).filter(|word| !word.trim().is_empty())?,
            Value::Null | Value::Bool(false) => return None,
            // A number or `true` only indicates that it ended.
            _ => "stop".into(),
        };
        let plain: String = word
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        Some(match plain.as_str() {
            // Text that means "not finished yet".
            "null" | "none" | "unspecified" | "finishreasonunspecified" => return None,
            "stop" | "stopsequence" | "endturn" | "eos" | "eostoken" | "complete" | "completed"
            | "done" | "finished" | "success" | "end" => Self::Ended(FinishReason::Stop),
            "toolcalls" | "toolcall" | "tooluse" | "functioncall" | "functioncalls" => {
                Self::Ended(FinishReason::ToolCalls)
            }
            "length"
            | "maxtokens"
            | "maxoutputtokens"
            | "maxlength"
            | "modellength"
            | "modelcontextwindowexceeded"
            | "tokenlimit" => Self::Ended(FinishReason::Length),
            "contentfilter" | "contentfiltered" | "safety" | "refusal" | "recitation"
            | "blocklist" | "prohibitedcontent" | "spii" | "sensitive" => {
                Self::Ended(FinishReason::ContentFilter)
            }
            "error"
            | "insufficientsystemresource"
            | "networkerror"
            | "overloaded"
            | "internalerror"
            | "servererror"
            | "timeout" => Self::Failed {
                word: word.into_owned(),
                is_transient: true,
            },
            _ => Self::Failed {
                word: word.into_owned(),
                is_transient: false,
            },
        })
    }

    /// Combines two reasons, this one before `next`. A failure is kept, and a plain stop replaces
    /// nothing.
    pub(super) fn then(self, next: Self) -> Self {
        match (&self, &next) {
            (Self::Failed { .. }, _) | (_, Self::Ended(FinishReason::Stop)) => self,
            _ => next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reasons_are_known_in_the_words_of_many_providers() {
        let ended = |value: Value| match Finish::read(&value) {
            Some(Finish::Ended(reason)) => reason,
            other => panic!("{value}: {other:?}"),
        };
        for word in ["stop", "STOP", "end_turn", "eos"] {
            assert_eq!(ended(json!(word)), FinishReason::Stop);
        }
        assert_eq!(ended(json!("MAX_TOKENS")), FinishReason::Length);
        assert_eq!(ended(json!("tool_use")), FinishReason::ToolCalls);
        assert_eq!(ended(json!({"type": "length"})), FinishReason::Length);
        assert_eq!(ended(json!("content-filter")), FinishReason::ContentFilter);
        assert_eq!(ended(json!(0)), FinishReason::Stop);
        for none in [json!(null), json!(""), json!(false), json!("null")] {
            assert_eq!(Finish::read(&none), None, "{none}");
        }
    }

    #[test]
    fn an_error_and_an_unknown_reason_are_failures() {
        let failed = |word: &str| match Finish::read(&json!(word)) {
            Some(Finish::Failed { is_transient, .. }) => is_transient,
            other => panic!("{word}: {other:?}"),
        };
        assert!(failed("error"));
        assert!(failed("insufficient_system_resource"));
        assert!(!failed("MALFORMED_FUNCTION_CALL"));
        assert!(!failed("whatever"));
    }

    #[test]
    fn the_reason_that_says_most_counts() {
        let read = |word: &str| Finish::read(&json!(word)).unwrap();
        assert_eq!(read("tool_calls").then(read("stop")), read("tool_calls"));
        assert_eq!(read("stop").then(read("length")), read("length"));
        assert_eq!(read("error").then(read("stop")), read("error"));
        assert_eq!(read("stop").then(read("error")), read("error"));
    }
}
