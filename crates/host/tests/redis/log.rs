//! Captures the log of the code under test.

use std::{
    cell::RefCell,
    fmt::{Debug, Write},
    sync::Once,
    thread::{self, ThreadId},
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

thread_local! {
    /// The lines logged on this thread since capturing began.
    static LINES: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Captures logs at `INFO` and above on this thread, which is the only one of a plain `#[tokio::test]`,
/// until dropped.
pub(crate) struct Log(ThreadId);

impl Log {
    pub(crate) fn listen() -> Self {
        // One subscriber for the process: with one per thread, events that a thread without a subscriber
        // skips may be disabled for all.
        static LISTENER: Once = Once::new();
        LISTENER.call_once(|| tracing::subscriber::set_global_default(Listener).unwrap());
        LINES.set(Some(Vec::new()));
        Self(thread::current().id())
    }

    /// The lines that contain this text.
    pub(crate) fn with(&self, text: &str) -> Vec<String> {
        let mut lines = self.lines();
        lines.retain(|line| line.contains(text));
        lines
    }

    pub(crate) fn all(&self) -> String {
        self.lines().join("\n")
    }

    fn lines(&self) -> Vec<String> {
        assert_eq!(self.0, thread::current().id(), "another thread listens");
        LINES.with_borrow(|lines| lines.clone().unwrap_or_default())
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        LINES.set(None);
    }
}

struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _span: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _span: &span::Id, _values: &span::Record<'_>) {}

    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        LINES.with_borrow_mut(|lines| {
            if let Some(lines) = lines {
                lines.push(line.0);
            }
        });
    }

    fn enter(&self, _span: &span::Id) {}

    fn exit(&self, _span: &span::Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}
