//! The items and requests that a sink has received.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use glassbox_otlp::proto::common::v1::{InstrumentationScope, any_value::Value};
use glassbox_otlp::proto::resource::v1::Resource;
use glassbox_otlp::{Accepted, Batch, Consumer, Refusal};
use tokio::sync::watch;

use super::SinkMode;

/// A span, metric or log record with its resource and scope.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Received<T> {
    /// The resource that emitted it; empty if the client sent none.
    pub resource: Resource,
    /// The library that emitted it; empty if the client sent none.
    pub scope: InstrumentationScope,
    /// The record itself, which this dereferences to.
    pub record: T,
}

impl<T> Received<T> {
    pub(super) fn all(
        resource: &Option<Resource>,
        scope: Option<InstrumentationScope>,
        records: Vec<T>,
    ) -> impl Iterator<Item = Self> {
        let resource = resource.clone().unwrap_or_default();
        let scope = scope.unwrap_or_default();
        records.into_iter().map(move |record| Self {
            resource: resource.clone(),
            scope: scope.clone(),
            record,
        })
    }

    /// Returns `service.name` of the resource, or an empty string.
    #[must_use]
    pub fn service(&self) -> &str {
        let mut attributes = self.resource.attributes.iter();
        let name = attributes.find(|attribute| attribute.key == "service.name");
        match name.and_then(|name| name.value.as_ref()?.value.as_ref()) {
            Some(Value::StringValue(name)) => name,
            _ => "",
        }
    }
}

impl<T> Deref for Received<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.record
    }
}

#[derive(Debug, Default)]
pub(super) struct Collected {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    batches: Vec<Batch>,
    attempts: u64,
    mode: SinkMode,
    script: VecDeque<SinkMode>,
}

impl Collected {
    fn state(&self) -> MutexGuard<'_, State> {
        // The state stays consistent even if a test panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_mode(&self, mode: SinkMode) {
        self.state().mode = mode;
    }

    pub(super) fn script(&self, modes: impl IntoIterator<Item = SinkMode>) {
        self.state().script.extend(modes);
    }

    /// Counts a request and returns how to handle it.
    pub(super) fn begin(&self) -> SinkMode {
        let mut state = self.state();
        state.attempts += 1;
        state
            .script
            .pop_front()
            .unwrap_or_else(|| state.mode.clone())
    }

    /// Notifies waiting tests that a request ended or will never end.
    pub(super) fn announce(&self) {
        self.changed.send_replace(());
    }

    pub(super) fn attempts(&self) -> u64 {
        self.state().attempts
    }

    pub(super) fn batches(&self) -> Vec<Batch> {
        self.state().batches.clone()
    }

    pub(super) fn clear(&self) {
        self.state().batches.clear();
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

tokio::task_local! {
    /// The mode of the request that is being handled.
    pub(super) static MODE: SinkMode;
}

#[async_trait]
impl Consumer for Collected {
    async fn consume(&self, batch: Batch) -> Result<Accepted, Refusal> {
        match MODE.try_with(SinkMode::clone) {
            Ok(SinkMode::Refuse(refusal)) => Err(refusal),
            Ok(SinkMode::Accept(accepted)) => {
                self.state().batches.push(batch);
                Ok(accepted)
            }
            _ => {
                self.state().batches.push(batch);
                Ok(Accepted::all())
            }
        }
    }
}
