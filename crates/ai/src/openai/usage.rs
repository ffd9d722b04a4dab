//! Token counts, in any of the places where servers put them.

use super::field;
use crate::wire::skipped::Skipped;
use glassbox_core::Usage;
use serde_json::Value;

/// More tokens than any model supports; a larger count is an error.
const MOST: f64 = 1e12;

const INPUT: &[&str] = &[
    "prompt_tokens",
    "input_tokens",
    "promptTokens",
    "inputTokens",
    "promptTokenCount",
    "prompt_eval_count",
];
const OUTPUT: &[&str] = &[
    "completion_tokens",
    "output_tokens",
    "completionTokens",
    "outputTokens",
    "candidatesTokenCount",
    "eval_count",
];
const TOTAL: &[&str] = &["total_tokens", "totalTokens", "totalTokenCount"];

/// The counts so far. A later count replaces an earlier one unless it is zero.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reported {
    input: Option<u64>,
    output: Option<u64>,
    total: Option<u64>,
    cache_read: u64,
    cache_write: u64,
    reasoning: u64,
}

impl Reported {
    /// Reads the counts of a chunk, of its first choice and of that choice's message.
    pub(super) fn read(&mut self, chunk: &Value, choice: &Value, skipped: &mut Skipped) {
        let places = [
            &chunk["usage"],
            &chunk["usage_metadata"],
            &chunk["usageMetadata"],
            &chunk["x_groq"]["usage"],
            &chunk["meta"]["usage"],
            &choice["usage"],
            &choice["delta"]["usage"],
            &choice["message"]["usage"],
        ];
        for place in places {
            match place {
                Value::Object(_) => self.counts(place, skipped),
                Value::Null => {}
                _ => skipped.add("usage"),
            }
        }
        // Ollama's own API has the counts beside the message.
        if chunk["eval_count"].is_number() {
            self.counts(chunk, skipped);
        }
    }

    fn counts(&mut self, usage: &Value, skipped: &mut Skipped) {
        let mut count = |object: &Value, names: &[&str]| {
            let value = field::member(object, names)?;
            let tokens = tokens(value);
            if tokens.is_none() {
                skipped.add("usage");
            }
            tokens
        };
        let prompt = field::member(usage, &["prompt_tokens_details", "input_tokens_details"]);
        let completion = field::member(
            usage,
            &["completion_tokens_details", "output_tokens_details"],
        );
        let (prompt, completion) = (prompt.unwrap_or(usage), completion.unwrap_or(usage));
        let read = [
            count(usage, INPUT),
            count(usage, OUTPUT),
            count(usage, TOTAL),
            count(
                prompt,
                &[
                    "cached_tokens",
                    "cache_read_input_tokens",
                    "prompt_cache_hit_tokens",
                ],
            ),
            count(
                prompt,
                &["cache_write_tokens", "cache_creation_input_tokens"],
            ),
            count(completion, &["reasoning_tokens", "thoughtsTokenCount"]),
        ];
        let [input, output, total, cache_read, cache_write, reasoning] = read;
        let replace = |old: &mut Option<u64>, new: Option<u64>| {
            *old = new.filter(|tokens| *tokens > 0).or(old.take()).or(new);
        };
        replace(&mut self.input, input);
        replace(&mut self.output, output);
        replace(&mut self.total, total);
        self.cache_read = cache_read.unwrap_or(self.cache_read);
        self.cache_write = cache_write.unwrap_or(self.cache_write);
        self.reasoning = reasoning.unwrap_or(self.reasoning);
    }

    /// Whether the server reported anything.
    pub(super) fn is_some(&self) -> bool {
        self.input
            .or(self.output)
            .or(self.total)
            .is_some_and(|tokens| tokens > 0)
    }

    /// The usage. What the server does not report, or reports as zero, is estimated.
    pub(super) fn usage(&self, input: u64, output: u64) -> Usage {
        let of = |own: Option<u64>, other: Option<u64>| {
            let rest = || self.total?.checked_sub(other.unwrap_or(0));
            own.or_else(rest)
        };
        let (said_in, said_out) = (of(self.input, self.output), of(self.output, self.input));
        let usage = match (said_in, said_out) {
            (Some(read), Some(written)) if read + written > 0 => Usage::reported(read, written),
            (read, written) => Usage::estimated(
                read.filter(|tokens| *tokens > 0).unwrap_or(input),
                written.filter(|tokens| *tokens > 0).unwrap_or(output),
            ),
        };
        usage
            .with_cache_read(self.cache_read.min(usage.input))
            .with_cache_write(self.cache_write.min(usage.input))
            .with_reasoning(self.reasoning.min(usage.output))
    }
}

/// A count of tokens: a number or its text, rounded.
fn tokens(value: &Value) -> Option<u64> {
    let count = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (0.0..MOST).contains(&count).then(|| count.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_core::UsageSource;
    use serde_json::json;

    fn of(chunks: &[Value]) -> (u64, u64, UsageSource, u64) {
        let (mut reported, mut skipped) = (Reported::default(), Skipped::default());
        for chunk in chunks {
            reported.read(chunk, &chunk["choices"][0], &mut skipped);
        }
        let usage = reported.usage(70, 80);
        let skipped = skipped.counts().values().sum();
        (usage.input, usage.output, usage.source, skipped)
    }

    #[test]
    fn counts_are_found_in_every_place_and_form() {
        use UsageSource::Reported;
        let counts = json!({"prompt_tokens": 3, "completion_tokens": 4});
        for chunk in [
            json!({"usage": counts}),
            json!({"usage": {"prompt_tokens": 3.0, "completion_tokens": "4"}}),
            json!({"usage": {"prompt_tokens": 2.6, "completion_tokens": 4}}),
            json!({"usage": {"input_tokens": 3, "output_tokens": 4}}),
            json!({"usage": {"prompt_tokens": 3, "total_tokens": 7}}),
            json!({"choices": [{"usage": counts}]}),
            json!({"choices": [{"delta": {"usage": counts}}]}),
            json!({"x_groq": {"usage": counts}}),
            json!({"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 4}}),
            json!({"prompt_eval_count": 3, "eval_count": 4}),
        ] {
            assert_eq!(
                of(std::slice::from_ref(&chunk)),
                (3, 4, Reported, 0),
                "{chunk}"
            );
        }
    }

    #[test]
    fn what_is_no_count_is_skipped_and_estimated() {
        use UsageSource::{Estimated, Reported};
        for (usage, expected) in [
            (json!(null), (70, 80, Estimated, 0)),
            (json!([]), (70, 80, Estimated, 1)),
            (
                json!({"prompt_tokens": -1, "completion_tokens": 4}),
                (70, 4, Estimated, 1),
            ),
            (
                json!({"prompt_tokens": 3, "completion_tokens": null}),
                (3, 80, Estimated, 0),
            ),
            (
                json!({"prompt_tokens": 1e300, "completion_tokens": {}}),
                (70, 80, Estimated, 2),
            ),
            (
                json!({"prompt_tokens": 0, "completion_tokens": 0}),
                (70, 80, Estimated, 0),
            ),
            (
                json!({"prompt_tokens": 3, "completion_tokens": 0}),
                (3, 0, Reported, 0),
            ),
        ] {
            assert_eq!(of(&[json!({"usage": usage})]), expected, "{usage}");
        }
        let full = json!({"usage": {"prompt_tokens": 3, "completion_tokens": 4}});
        let zero = json!({"usage": {"prompt_tokens": 0, "completion_tokens": 0}});
        assert_eq!(of(&[full.clone(), zero]), (3, 4, Reported, 0));
        let more = json!({"usage": {"prompt_tokens": 3, "completion_tokens": 9}});
        assert_eq!(of(&[full, more]), (3, 9, Reported, 0));
    }

    #[test]
    fn details_never_exceed_what_they_are_part_of() {
        let mut reported = Reported::default();
        let chunk = json!({"usage": {"prompt_tokens": 3, "completion_tokens": 4,
            "prompt_tokens_details": {"cached_tokens": 100}, "completion_tokens_details": null}});
        reported.read(&chunk, &Value::Null, &mut Skipped::default());
        assert_eq!(reported.usage(0, 0).cache_read, 3);
    }
}
