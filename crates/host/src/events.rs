//! An event bus inside one process.

use glassbox_core::{
    Event, Events,
    telemetry::{self, Counter, UpDownCounter},
};
use glassbox_semconv::glassbox::{
    EVENT_BUS, EVENT_BUS_SUBSCRIBERS, EVENT_TYPE, EVENTS_DROPPED, EVENTS_PUBLISHED, REASON,
};
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::sync::broadcast::{self, error::RecvError};

static PUBLISHED: Counter = Counter::of(&EVENTS_PUBLISHED)
    .with_scope(glassbox_core::scope!())
    .with_keys(&[EVENT_BUS, EVENT_TYPE]);

static DROPPED: Counter = Counter::of(&EVENTS_DROPPED)
    .with_scope(glassbox_core::scope!())
    .with_keys(&[EVENT_BUS, REASON]);

static SUBSCRIBERS: UpDownCounter = UpDownCounter::of(&EVENT_BUS_SUBSCRIBERS)
    .with_scope(glassbox_core::scope!())
    .with_keys(&[EVENT_BUS]);

/// The name of the bus in metrics.
const BUS: &str = "process";

/// Delivers every event to every subscriber, and logs it with `event.bus`, `event.type` and
/// `event.payload`. Cheap to clone; clones share the bus.
///
/// # Bounds
/// Holds the newest events, up to its capacity. A subscriber that falls further behind loses the
/// oldest events, which are counted in `events.dropped`.
#[derive(Clone)]
pub struct EventBus(broadcast::Sender<Event>);

impl EventBus {
    /// Creates a bus that holds at least this many events for its slowest subscriber.
    ///
    /// # Panics
    /// If `capacity` is zero.
    pub fn new(capacity: usize) -> Self {
        Self(broadcast::Sender::new(capacity))
    }

    /// Subscribes to all later events.
    pub fn subscribe(&self) -> Subscriber {
        SUBSCRIBERS.add_with(1, &[BUS.into()]);
        Subscriber {
            receiver: self.0.subscribe(),
            missed: 0,
        }
    }
}

impl Events for EventBus {
    fn publish(&self, mut event: Event) {
        if event.unix_nano.is_none() {
            event.unix_nano = now();
        }
        if !event.trace.is_valid() {
            event.trace = telemetry::current();
        }
        PUBLISHED.add_with(1, &[(&*event.bus).into(), (&*event.kind).into()]);
        tracing::event!(
            target: "glassbox::events",
            tracing::Level::INFO,
            "event.bus" = &*event.bus,
            "event.type" = &*event.kind,
            "event.subject" = event.subject,
            "event.payload" = %event.payload,
            "{}",
            event.kind
        );
        // An error means that there are no subscribers.
        let _ = self.0.send(event);
    }
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBus")
            .field("subscribers", &self.0.receiver_count())
            .finish_non_exhaustive()
    }
}

/// Nanoseconds since the Unix epoch, from the clock of the installed telemetry, if any.
fn now() -> Option<u64> {
    if let Some(telemetry) = telemetry::installed() {
        return Some(telemetry.now());
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

/// A subscription to a bus, until dropped.
pub struct Subscriber {
    receiver: broadcast::Receiver<Event>,
    missed: u64,
}

impl Subscriber {
    /// Returns the next event, or `None` after the bus is dropped.
    ///
    /// # Cancel safety
    /// Dropping the future loses no event.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.receiver.recv().await {
                Ok(event) => return Some(event),
                Err(RecvError::Closed) => return None,
                Err(RecvError::Lagged(events)) => {
                    self.missed += events;
                    DROPPED.add_with(events, &[BUS.into(), "slow_subscriber".into()]);
                    tracing::warn!(
                        glassbox.host.events = events,
                        "a subscriber was too slow and missed events"
                    );
                }
            }
        }
    }

    /// The number of events that this subscriber missed because it was too slow.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        SUBSCRIBERS.add_with(-1, &[BUS.into()]);
    }
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber")
            .field("missed", &self.missed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn everybody_gets_everything_in_order() {
        let bus = EventBus::new(4);
        let mut one = bus.subscribe();
        let mut two = bus.subscribe();
        for n in 0..2 {
            bus.publish(Event::new("tool", "tool.called", json!(n)));
        }
        for subscriber in [&mut one, &mut two] {
            assert_eq!(subscriber.next().await.unwrap().payload, 0);
            let second = subscriber.next().await.unwrap();
            assert_eq!(second.payload, 1);
            assert!(second.unix_nano.is_some(), "the bus fills in the time");
        }
        drop(bus);
        assert_eq!(one.next().await, None);
    }

    #[tokio::test]
    async fn a_slow_subscriber_loses_the_oldest_and_is_told() {
        let bus = EventBus::new(2);
        let mut slow = bus.subscribe();
        for n in 0..5 {
            bus.publish(Event::new("tool", "tool.called", json!(n)));
        }
        assert_eq!(slow.next().await.unwrap().payload, 3);
        assert_eq!(slow.missed(), 3);
    }
}
