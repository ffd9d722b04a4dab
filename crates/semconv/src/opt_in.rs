//! The choice between generations of conventions: `OTEL_SEMCONV_STABILITY_OPT_IN`.

use crate::{gen_ai_latest as latest, gen_ai_v1_41 as v1_41};

/// Values whose conventions exist only in their stable generation here. Each is also accepted with `/dup`.
const STABLE: &[&str] = &["code", "database", "http", "k8s", "messaging", "rpc"];
const GEN_AI: &str = "gen_ai_latest_experimental";
const DUP: &str = "/dup";

/// Metrics of the GenAI conventions 1.41 that the latest ones replace.
const REPLACED: &[&str] = &[
    v1_41::CLIENT_OPERATION_DURATION.name,
    v1_41::CLIENT_TIME_TO_FIRST_CHUNK.name,
    v1_41::CLIENT_TIME_PER_OUTPUT_CHUNK.name,
    v1_41::CLIENT_TOKEN_USAGE.name,
];
/// The metrics that replace them.
const REPLACING: &[&str] = &[
    latest::CLIENT_INFERENCE_DURATION.name,
    latest::CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK.name,
    latest::CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK.name,
    latest::CLIENT_INFERENCE_OPERATION_INPUT_TOKENS.name,
    latest::CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS.name,
];

/// The generations of conventions that an application chose, as a comma-separated list of values that
/// OpenTelemetry defines for `OTEL_SEMCONV_STABILITY_OPT_IN`.
///
/// | value | effect |
/// |---|---|
/// | (none) | metrics of GenAI clients as in 1.41 |
/// | `gen_ai_latest_experimental` | the latest metrics instead |
/// | `gen_ai_latest_experimental/dup` | both |
/// | `http`, `rpc`, `database`, `code`, `messaging`, `k8s`, also with `/dup` | none: the stable names are the only ones |
///
/// `/dup` takes precedence. A metric that only one generation has is not affected. Libraries record both generations;
/// the installed telemetry drops the one that was not chosen.
///
/// ```
/// use glassbox_semconv::OptIn;
///
/// let chosen = OptIn::parse("http/dup, gen_ai_latest_experimental, htpp");
/// assert!(chosen.allows("gen_ai.client.inference.duration"));
/// assert!(!chosen.allows("gen_ai.client.operation.duration"));
/// assert_eq!(chosen.unknown(), ["htpp"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptIn {
    gen_ai: Generation,
    unknown: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Generation {
    #[default]
    Default,
    Latest,
    Both,
}

impl OptIn {
    /// Parses a list. Values that no convention defines are [`unknown`](Self::unknown) and have no effect.
    pub fn parse(list: &str) -> Self {
        let mut chosen = Self::default();
        for value in list.split(',').map(str::trim) {
            match (
                value.strip_suffix(DUP).unwrap_or(value),
                value.ends_with(DUP),
            ) {
                ("", false) => {}
                (GEN_AI, true) => chosen.gen_ai = Generation::Both,
                (GEN_AI, false) if chosen.gen_ai == Generation::Both => {}
                (GEN_AI, false) => chosen.gen_ai = Generation::Latest,
                (name, _) if STABLE.contains(&name) => {}
                _ => chosen.unknown.push(value.to_owned()),
            }
        }
        chosen
    }

    /// Whether a metric is part of a chosen generation.
    pub fn allows(&self, metric: &str) -> bool {
        match self.gen_ai {
            Generation::Default => !REPLACING.contains(&metric),
            Generation::Latest => !REPLACED.contains(&metric),
            Generation::Both => true,
        }
    }

    /// The values that no convention defines.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// Every value that has a meaning, for a warning about unknown ones.
    pub fn known() -> impl Iterator<Item = &'static str> {
        STABLE.iter().copied().chain([GEN_AI])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_separated_by_commas_and_dup_takes_precedence() {
        for (list, expected) in [
            ("", Generation::Default),
            (" , ,", Generation::Default),
            ("http,rpc/dup, database", Generation::Default),
            ("gen_ai_latest_experimental", Generation::Latest),
            (" http , gen_ai_latest_experimental ", Generation::Latest),
            ("gen_ai_latest_experimental/dup", Generation::Both),
            (
                "gen_ai_latest_experimental/dup,gen_ai_latest_experimental",
                Generation::Both,
            ),
            (
                "gen_ai_latest_experimental,gen_ai_latest_experimental/dup",
                Generation::Both,
            ),
        ] {
            let chosen = OptIn::parse(list);
            assert_eq!(chosen.gen_ai, expected, "{list}");
            assert!(chosen.unknown().is_empty(), "{list}");
        }
    }

    #[test]
    fn unknown_values_are_reported_and_have_no_effect() {
        let chosen = OptIn::parse("gen_ai, HTTP,http/dupe,/dup,gen_ai_latest_experimental");
        assert_eq!(chosen.unknown(), ["gen_ai", "HTTP", "http/dupe", "/dup"]);
        assert_eq!(chosen.gen_ai, Generation::Latest);
        assert!(OptIn::known().all(|value| OptIn::parse(value).unknown().is_empty()));
    }

    #[test]
    fn a_metric_of_one_generation_alone_is_always_allowed() {
        for list in [
            "",
            "gen_ai_latest_experimental",
            "gen_ai_latest_experimental/dup",
        ] {
            let chosen = OptIn::parse(list);
            assert!(chosen.allows("http.client.request.duration"));
            assert!(chosen.allows(latest::EXECUTE_TOOL_DURATION.name));
            assert!(chosen.allows("an.applications.own"));
        }
    }

    #[test]
    fn each_generation_excludes_the_other_unless_both_are_chosen() {
        for (list, old, new) in [
            ("", true, false),
            ("gen_ai_latest_experimental", false, true),
            ("gen_ai_latest_experimental/dup", true, true),
        ] {
            let chosen = OptIn::parse(list);
            assert!(
                REPLACED.iter().all(|name| chosen.allows(name) == old),
                "{list}"
            );
            assert!(
                REPLACING.iter().all(|name| chosen.allows(name) == new),
                "{list}"
            );
        }
    }
}
