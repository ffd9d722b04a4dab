//! A [`Cx`] that outlives its process, for journals, queues and timers.

use crate::{Allowance, Baggage, Clock, Cx, Deadline, Remaining, telemetry::TraceContext};
use serde::{Deserialize, Serialize};
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The storable part of a [`Cx`]: trace, deadline in wall-clock time, remaining budget, idempotency key and
/// baggage. Cancellation and progress end with the process.
///
/// ```
/// use glassbox_core::{Clock, Cx, Deadline, DurableCx};
/// use std::time::{Duration, SystemTime};
/// # struct Stopped;
/// # impl Clock for Stopped { fn now(&self) -> u64 { 0 } }
/// # let clock = Stopped;
/// let cx = Cx::background().with_deadline(Deadline::after(&clock, Duration::from_secs(60)));
/// let kept = DurableCx::keep(&cx, &clock, SystemTime::UNIX_EPOCH);
/// let revived = kept.revive(&clock, SystemTime::UNIX_EPOCH + Duration::from_secs(20));
/// assert_eq!(revived.deadline().unwrap().remaining(&clock), Some(Duration::from_secs(40)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DurableCx {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tracestate: Option<String>,
    /// Milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline_unix_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    budget: Option<Remaining>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baggage: Option<String>,
}

impl DurableCx {
    /// Stores a context. `now` is the current wall-clock time.
    pub fn keep(cx: &Cx, clock: &dyn Clock, now: SystemTime) -> Self {
        let deadline = cx.deadline().map(|deadline| {
            let left = deadline.remaining(clock).unwrap_or_default();
            unix_ms(now).saturating_add(millis(left))
        });
        let mut fields = std::collections::BTreeMap::new();
        cx.trace().inject(&mut fields);
        Self {
            traceparent: fields.remove("traceparent"),
            tracestate: fields.remove("tracestate"),
            deadline_unix_ms: deadline,
            budget: cx.budget().map(crate::Budget::remaining),
            idempotency_key: cx.idempotency_key().map(str::to_owned),
            baggage: cx.baggage().to_header(),
        }
    }

    /// Restores the context, in any process. `now` is the current wall-clock time; a deadline may have
    /// passed. The remaining budget becomes a separate budget.
    pub fn revive(&self, clock: &dyn Clock, now: SystemTime) -> Cx {
        let mut fields = std::collections::BTreeMap::new();
        let pairs = [
            ("traceparent", &self.traceparent),
            ("tracestate", &self.tracestate),
        ];
        for (key, value) in pairs {
            if let Some(value) = value {
                fields.insert(key.to_owned(), value.clone());
            }
        }
        let mut cx = Cx::background().with_trace(TraceContext::extract(&fields));
        if let Some(deadline) = self.deadline_unix_ms {
            let left = Duration::from_millis(deadline.saturating_sub(unix_ms(now)));
            cx = cx.with_deadline(Deadline::after(clock, left));
        }
        if let Some(budget) = self.budget {
            cx = cx.with_budget(Arc::new(Allowance::new(budget)));
        }
        if let Some(key) = &self.idempotency_key {
            cx = cx.with_idempotency_key(key.as_str());
        }
        match &self.baggage {
            Some(header) => cx.with_baggage(Baggage::parse(header)),
            None => cx,
        }
    }
}

/// Times before the epoch count as the epoch.
fn unix_ms(time: SystemTime) -> u64 {
    millis(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Spent;

    struct At(u64);

    impl Clock for At {
        fn now(&self) -> u64 {
            self.0
        }
    }

    fn wall(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_kept_call_goes_on_in_another_process() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let clock = At(5_000_000_000);
        let cx = Cx::background()
            .with_trace(TraceContext::parse(parent).unwrap())
            .with_deadline(Deadline::after(&clock, Duration::from_secs(60)))
            .with_budget(Arc::new(Allowance::new(
                Remaining::unlimited().with_tokens(100),
            )))
            .with_idempotency_key("order-7")
            .with_baggage(Baggage::default().with("tenant", "acme"));
        cx.charge(Spent::tokens(30));
        let json = serde_json::to_string(&DurableCx::keep(&cx, &clock, wall(1_000))).unwrap();
        let kept: DurableCx = serde_json::from_str(&json).unwrap();

        let other = At(77);
        let revived = kept.revive(&other, wall(1_020));
        assert_eq!(revived.trace().to_traceparent().as_deref(), Some(parent));
        let left = revived.deadline().unwrap().remaining(&other);
        assert_eq!(left, Some(Duration::from_secs(40)));
        assert_eq!(revived.budget().unwrap().remaining().tokens, Some(70));
        assert_eq!(revived.idempotency_key(), Some("order-7"));
        assert_eq!(revived.baggage().get("tenant"), Some("acme"));
    }

    #[test]
    fn a_deadline_that_passed_meanwhile_has_passed() {
        let clock = At(0);
        let deadline = Deadline::after(&clock, Duration::from_secs(1));
        let cx = Cx::background().with_deadline(deadline);
        let kept = DurableCx::keep(&cx, &clock, wall(10));
        let revived = kept.revive(&clock, wall(12));
        assert_eq!(revived.deadline().unwrap().remaining(&clock), None);
    }

    #[test]
    fn nothing_is_kept_of_nothing() {
        let kept = DurableCx::keep(&Cx::background(), &At(0), wall(0));
        assert_eq!(kept, DurableCx::default());
        assert_eq!(serde_json::to_string(&kept).unwrap(), "{}");
    }
}
