//! Propagation of a [`Cx`] as text fields: HTTP headers, MCP `_meta`, queue properties.

use crate::{
    Allowance, Baggage, Carrier, Clock, Cx, Deadline, Remaining, Source, Spent, percent,
    telemetry::TraceContext,
};
use std::{sync::Arc, time::Duration};

/// Maximum size of an idempotency key on the wire in bytes.
const MAX_KEY: usize = 255;

/// The idempotency key, so that a repeated request takes effect once. Percent-encoded if necessary, and at
/// most 255 bytes.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The remaining time until the caller's deadline, in whole milliseconds.
pub const TIMEOUT_MS: &str = "glassbox-timeout-ms";

/// The caller's remaining budget: `tokens=1200,micro_usd=50000`, or only one part.
pub const BUDGET: &str = "glassbox-budget";
/// In a response: the usage of the call, in the form of [`BUDGET`].
pub const SPENT: &str = "glassbox-spent";

impl Cx {
    /// Writes everything that crosses a hop: trace context, baggage, remaining time, remaining budget and
    /// idempotency key.
    ///
    /// The current span, if there is one, takes precedence over [`trace`](Self::trace) as the parent.
    /// Otherwise the trace of this call is forwarded unchanged.
    pub fn inject(&self, clock: &dyn Clock, carrier: &mut dyn Carrier) {
        let current = crate::telemetry::current();
        match current.is_valid() {
            true => self.inject_under(&current, clock, carrier),
            false => self.inject_under(self.trace(), clock, carrier),
        }
    }

    /// Like [`inject`](Self::inject), for a span that is not current.
    pub fn inject_under(
        &self,
        parent: &TraceContext,
        clock: &dyn Clock,
        carrier: &mut dyn Carrier,
    ) {
        parent.inject(carrier);
        if let Some(baggage) = self.baggage().to_header() {
            carrier.set("baggage", baggage);
        }
        if let Some(deadline) = self.deadline() {
            let left = deadline.remaining(clock).unwrap_or(Duration::ZERO);
            carrier.set(TIMEOUT_MS, left.as_millis().to_string());
        }
        if let Some(budget) = self.budget() {
            let left = budget.remaining();
            if !left.is_unlimited() {
                carrier.set(BUDGET, amounts(left.tokens, left.micro_usd));
            }
        }
        if let Some(key) = self.idempotency_key() {
            let mut encoded = String::with_capacity(key.len());
            percent::encode_into(key, &mut encoded);
            if encoded.len() <= MAX_KEY {
                carrier.set(IDEMPOTENCY_KEY, encoded);
            }
        }
    }

    /// Reads the fields of [`inject`](Self::inject). Invalid fields are ignored, so that a bad header never
    /// fails a call.
    pub fn extract(clock: &dyn Clock, source: &dyn Source) -> Self {
        let mut cx = Self::background().with_trace(TraceContext::extract(source));
        if let Some(header) = source.get("baggage") {
            cx = cx.with_baggage(Baggage::parse(&header));
        }
        let left = source.get(TIMEOUT_MS).and_then(|text| whole(&text));
        if let Some(left) = left.map(Duration::from_millis) {
            cx = cx.with_deadline(Deadline::after(clock, left));
        }
        if let Some((tokens, micro_usd)) = source.get(BUDGET).and_then(|text| parsed(&text)) {
            let left = Remaining { tokens, micro_usd };
            cx = cx.with_budget(Arc::new(Allowance::new(left)));
        }
        match source.get(IDEMPOTENCY_KEY) {
            Some(key) if !key.is_empty() && key.len() <= MAX_KEY => {
                cx.with_idempotency_key(percent::decode(&key))
            }
            _ => cx,
        }
    }
}

impl Spent {
    /// Writes the usage to a response, unless it is zero.
    pub fn inject(&self, carrier: &mut dyn Carrier) {
        if !self.is_nothing() {
            carrier.set(SPENT, amounts(Some(self.tokens), self.micro_usd));
        }
    }

    /// Reads the usage from a response. Absent or invalid fields mean zero.
    pub fn extract(source: &dyn Source) -> Self {
        let read = source.get(SPENT).and_then(|text| parsed(&text));
        let (tokens, micro_usd) = read.unwrap_or_default();
        Self {
            tokens: tokens.unwrap_or(0),
            micro_usd,
        }
    }
}

/// Formats tokens and money as a field.
fn amounts(tokens: Option<u64>, micro_usd: Option<u64>) -> String {
    match (tokens, micro_usd) {
        (Some(tokens), Some(money)) => format!("tokens={tokens},micro_usd={money}"),
        (Some(tokens), None) => format!("tokens={tokens}"),
        (None, Some(money)) => format!("micro_usd={money}"),
        (None, None) => String::new(),
    }
}

/// Parses tokens and money from a field. Unknown parts are ignored; `None` if no part is known.
fn parsed(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (mut tokens, mut micro_usd) = (None, None);
    for part in text.split(',') {
        match part.trim().split_once('=') {
            Some(("tokens", amount)) => tokens = whole(amount),
            Some(("micro_usd", amount)) => micro_usd = whole(amount),
            _ => {}
        }
    }
    (tokens.is_some() || micro_usd.is_some()).then_some((tokens, micro_usd))
}

/// Parses a whole number, saturated at the maximum.
fn whole(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> u64 {
            7
        }
    }

    #[test]
    fn a_process_without_telemetry_hands_everything_on() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let mut fields = BTreeMap::new();
        fields.set("traceparent", parent.to_owned());
        fields.set("tracestate", "vendor=1".to_owned());
        fields.set("baggage", "tenant=acme".to_owned());
        fields.set(TIMEOUT_MS, "2500".to_owned());
        fields.set(BUDGET, "tokens=900,micro_usd=0".to_owned());
        fields.set(IDEMPOTENCY_KEY, "order-7".to_owned());
        let cx = Cx::extract(&Stopped, &fields);
        assert_eq!(
            cx.deadline().unwrap().remaining(&Stopped),
            Some(Duration::from_millis(2500))
        );
        let mut onward = BTreeMap::new();
        cx.inject(&Stopped, &mut onward);
        assert_eq!(onward, fields);
    }

    #[test]
    fn fields_that_are_not_understood_are_left_out() {
        let mut fields = BTreeMap::new();
        fields.set("traceparent", "nonsense".to_owned());
        fields.set(TIMEOUT_MS, "soon".to_owned());
        let cx = Cx::extract(&Stopped, &fields);
        assert!(!cx.trace().is_valid());
        assert_eq!(cx.deadline(), None);
    }

    #[test]
    fn a_budget_is_what_remains_on_both_sides_of_a_hop() {
        let limit = Remaining::unlimited().with_tokens(1_000);
        let cx = Cx::background().with_budget(Arc::new(Allowance::new(limit)));
        cx.charge(Spent::tokens(400));
        let mut fields = BTreeMap::new();
        cx.inject(&Stopped, &mut fields);
        assert_eq!(fields[BUDGET], "tokens=600");
        let there = Cx::extract(&Stopped, &fields);
        let used = Spent::tokens(250).with_micro_usd(7);
        there.charge(used);
        assert_eq!(there.budget().unwrap().remaining().tokens, Some(350));

        let mut answer = BTreeMap::new();
        used.inject(&mut answer);
        cx.charge(Spent::extract(&answer));
        assert_eq!(cx.budget().unwrap().remaining().tokens, Some(350));
    }

    #[test]
    fn a_budget_that_is_not_understood_is_none() {
        for text in ["", "lots", "tokens=", "tokens=-1", "euros=5"] {
            let fields = BTreeMap::from([(BUDGET.to_owned(), text.to_owned())]);
            assert!(Cx::extract(&Stopped, &fields).budget().is_none(), "{text}");
            let fields = BTreeMap::from([(SPENT.to_owned(), text.to_owned())]);
            assert!(Spent::extract(&fields).is_nothing(), "{text}");
        }
    }

    #[test]
    fn a_key_of_any_text_names_the_same_effect_on_the_other_side() {
        let cx = Cx::background().with_idempotency_key("bestellung-\u{fc}/100%\n");
        let mut fields = BTreeMap::new();
        cx.inject(&Stopped, &mut fields);
        assert!(fields[IDEMPOTENCY_KEY].is_ascii());
        let read = Cx::extract(&Stopped, &fields);
        assert_eq!(read.idempotency_key(), cx.idempotency_key());
    }

    #[test]
    fn a_timeout_too_large_to_read_is_still_one() {
        let mut fields = BTreeMap::new();
        fields.set(TIMEOUT_MS, "99999999999999999999".to_owned());
        assert!(Cx::extract(&Stopped, &fields).deadline().is_some());
        fields.set(TIMEOUT_MS, "0".to_owned());
        let spent = Cx::extract(&Stopped, &fields).deadline().unwrap();
        assert_eq!(spent.remaining(&Stopped), None);
    }
}
