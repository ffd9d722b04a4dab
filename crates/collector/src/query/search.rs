//! The search language of runs: `service=travel-agent error duration>1s tool=geocode timeout`.
//!
//! A run matches if each term matches one of its spans, or the whole run for `duration` and `tok`. Different terms may match
//! different spans.

use std::fmt;

use glassbox_config::duration;
use glassbox_otlp::proto::trace::v1::Span;
use glassbox_otlp::wire::Record;
use glassbox_store::{Predicate, SpanColumns, Text};

use super::needle::Needle;
use super::record::decode;

/// The longest search, in terms; each costs one scan.
const MAX_TERMS: usize = 16;

/// The fields, in the order in which an error lists them.
const FIELDS: &[&str] = &[
    "service", "span", "status", "error", "tool", "model", "agent", "duration", "tok", "trace",
];

// Attributes of the semantic conventions, current and earlier names.
const TOOL: &[&str] = &["gen_ai.tool.name"];
const MODEL: &[&str] = &["gen_ai.request.model", "gen_ai.response.model"];
const AGENT: &[&str] = &["gen_ai.agent.name", "gen_ai.workflow.name"];
const HTTP_STATUS: &[&str] = &["http.response.status_code", "http.status_code"];

/// A parsed search.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    /// Conditions on one span each.
    pub(super) terms: Vec<Term>,
    pub(super) duration: Range,
    pub(super) tokens: Range,
    pub(super) trace: Option<String>,
}

/// A condition on a span.
#[derive(Debug, Clone)]
pub(super) enum Term {
    /// On columns alone.
    Columns(Predicate),
    /// A span without an error.
    Ok,
    /// On one of several attributes.
    Attribute(Attribute),
    /// On any text of the span.
    Text(Needle),
}

/// A value that one of several attributes has.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    names: Vec<String>,
    /// Quickly rules out records without the value.
    needle: Needle,
    /// Whether a part of the value matches as well.
    partial: bool,
}

/// Inclusive bounds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    least: Option<u64>,
    most: Option<u64>,
}

impl Range {
    pub(super) fn contains(self, value: u64) -> bool {
        self.least.is_none_or(|least| value >= least) && self.most.is_none_or(|most| value <= most)
    }

    fn narrow(&mut self, sign: &str, value: u64) {
        match sign {
            ">" => self.least = Some(value.saturating_add(1)),
            ">=" => self.least = Some(value),
            "<" => self.most = Some(value.saturating_sub(1)),
            "<=" => self.most = Some(value),
            _ => (self.least, self.most) = (Some(value), Some(value)),
        }
    }
}

/// A search that cannot be parsed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SearchError(String);

impl fmt::Display for SearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One word of a search: a bare text, or a field with a sign and a value.
struct Word<'a> {
    field: &'a str,
    sign: &'a str,
    value: &'a str,
}

impl Search {
    /// Parses a search.
    pub(crate) fn parse(text: &str) -> Result<Self, SearchError> {
        let mut search = Self::default();
        for word in words(text) {
            search.add(&word)?;
        }
        if search.terms.len() > MAX_TERMS {
            return Err(SearchError(format!(
                "the search has {} terms; the limit is {MAX_TERMS}",
                search.terms.len()
            )));
        }
        Ok(search)
    }

    fn add(&mut self, word: &Word<'_>) -> Result<(), SearchError> {
        let &Word { field, sign, value } = word;
        if field.is_empty() {
            match value.to_ascii_lowercase().as_str() {
                "and" => {}
                "error" | "errors" => self.terms.push(errors()),
                _ => self.terms.extend(Needle::new(value).map(Term::Text)),
            }
            return Ok(());
        }
        let is_range = matches!(field, "duration" | "tok" | "tokens");
        if !is_range && !matches!(sign, "=" | ":") {
            return Err(SearchError(format!(
                "{field} cannot be compared with {sign}; use {field}=…"
            )));
        }
        if value.is_empty() {
            return Err(SearchError(format!("{field}{sign} has no value")));
        }
        let predicate = Predicate::default();
        match field.to_ascii_lowercase().as_str() {
            "service" => self
                .terms
                .push(Term::Columns(predicate.service(Some(value)))),
            "span" | "name" => self.terms.push(Term::Columns(predicate.name(Some(value)))),
            "error" | "errors" => match value {
                "false" | "no" | "0" => self.terms.push(Term::Ok),
                _ => self.terms.push(errors()),
            },
            "status" => self.terms.push(status(value)?),
            "tool" => self.terms.push(attribute(TOOL, value, true)?),
            "model" => self.terms.push(attribute(MODEL, value, true)?),
            "agent" => self.terms.push(attribute(AGENT, value, true)?),
            "duration" => {
                let wanted =
                    || SearchError(format!("{value} is not a duration such as 1s or 200ms"));
                // A bare number is in seconds, as a reader of the page expects.
                let seconds = value.parse::<f64>().ok().filter(|number| *number >= 0.0);
                let nanos = match seconds {
                    Some(seconds) => std::time::Duration::try_from_secs_f64(seconds).ok(),
                    None => duration::parse(value).ok(),
                };
                let nanos = nanos.and_then(|one| u64::try_from(one.as_nanos()).ok());
                self.duration.narrow(sign, nanos.ok_or_else(wanted)?);
            }
            "tok" | "tokens" => {
                let number = value.parse().map_err(|_| {
                    SearchError(format!("{value} is not a number of tokens such as 1000"))
                })?;
                self.tokens.narrow(sign, number);
            }
            "trace" | "trace_id" => self.trace = Some(value.to_ascii_lowercase()),
            name if name.contains('.') => self.terms.push(attribute(&[field], value, false)?),
            _ => {
                return Err(SearchError(format!(
                    "unknown search field {field:?}; known are {}, and any attribute whose name has a dot, such as \
                     http.route=/x. To search for the text itself, put it in quotes",
                    FIELDS.join(", ")
                )));
            }
        }
        Ok(())
    }
}

fn errors() -> Term {
    Term::Columns(Predicate::default().errors_only(true))
}

fn status(value: &str) -> Result<Term, SearchError> {
    match value.to_ascii_lowercase().as_str() {
        "error" => Ok(errors()),
        "ok" | "unset" => Ok(Term::Ok),
        code if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()) => {
            attribute(HTTP_STATUS, code, false)
        }
        _ => Err(SearchError(format!(
            "status={value} is not error, ok, or an HTTP status code such as 503"
        ))),
    }
}

fn attribute(names: &[&str], value: &str, partial: bool) -> Result<Term, SearchError> {
    let needle = Needle::new(value);
    let needle = needle.ok_or_else(|| SearchError(format!("{} has no value", names[0])))?;
    Ok(Term::Attribute(Attribute {
        names: names.iter().map(|&name| name.to_owned()).collect(),
        needle,
        partial,
    }))
}

/// Splits a search into words. A value in quotes may have spaces.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "_.".contains(c)));
        let (field, tail) = rest.split_at(end.unwrap_or(rest.len()));
        let tail = tail.trim_start();
        let signs = [">=", "<=", "=", ":", ">", "<"];
        let sign = signs.into_iter().find(|sign| tail.starts_with(sign));
        // A URL is plain text: its colon does not separate a field from a value.
        let sign = sign.filter(|sign| !field.is_empty() && !tail[sign.len()..].starts_with("//"));
        let (field, sign, start) = match sign {
            Some(sign) => (field, sign, tail[sign.len()..].trim_start()),
            None => ("", "", rest),
        };
        let (value, after) = value(start);
        words.push(Word { field, sign, value });
        rest = after.trim_start();
    }
    words
}

fn value(text: &str) -> (&str, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.split_once('"').unwrap_or((quoted, ""));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    text.split_at(end)
}

impl Attribute {
    fn has(&self, body: &[u8]) -> bool {
        if !self.needle.may_be_in(body) {
            return false;
        }
        let span: Span = decode(body);
        span.attributes
            .iter()
            .filter(|one| self.names.contains(&one.key))
            .filter_map(|one| one.value.as_ref())
            .any(|value| match self.partial {
                true => self.needle.is_in_value(value),
                false => self.needle.is_value(value),
            })
    }
}

impl Text<SpanColumns> for Attribute {
    fn is_in_columns(&self, _span: &SpanColumns) -> bool {
        false
    }

    fn is_in_record(&self, record: &Record<'_>) -> bool {
        self.has(record.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Search::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn every_field_is_parsed() {
        let search = Search::parse(
            r#"service=a span="chat x" error tool=geocode model:gpt agent=b status=503 duration>1.5s tok>=100 trace=AB http.route=/x free "two words" and"#,
        )
        .unwrap();
        assert_eq!(search.terms.len(), 10);
        assert_eq!(search.trace.as_deref(), Some("ab"));
        assert!(search.duration.contains(1_500_000_001));
        assert!(!search.duration.contains(1_500_000_000));
        assert!(search.tokens.contains(100) && !search.tokens.contains(99));
    }

    #[test]
    fn ranges_narrow_each_other() {
        let search = Search::parse("duration>200ms duration<=2 tok=5").unwrap();
        assert!(search.duration.contains(2_000_000_000));
        assert!(!search.duration.contains(2_000_000_001));
        assert!(!search.duration.contains(200_000_000));
        assert!(search.tokens.contains(5) && !search.tokens.contains(6));
    }

    #[test]
    fn an_unknown_field_is_named_with_the_known_ones() {
        let error = error("servce=a");
        assert!(
            error.contains("\"servce\"") && error.contains("service, span"),
            "{error}"
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert!(error("duration>soon").contains("soon is not a duration"));
        assert!(error("tok>many").contains("many is not a number"));
        assert!(error("status=bad").contains("status=bad"));
        assert!(error("tool>a").contains("tool cannot be compared"));
        assert!(error("model=").contains("has no value"));
        let long = "a ".repeat(MAX_TERMS + 1);
        assert!(error(&long).contains("17 terms"));
    }

    #[test]
    fn a_url_and_a_quoted_field_are_texts() {
        let search = Search::parse(r#"http://a/b "servce=a""#).unwrap();
        assert!(matches!(search.terms[..], [Term::Text(_), Term::Text(_)]));
        assert!(Search::parse("  ").unwrap().terms.is_empty());
        assert_eq!(Search::parse("\"open").unwrap().terms.len(), 1);
    }
}
