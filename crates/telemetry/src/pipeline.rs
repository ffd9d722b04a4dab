//! From emission to export.
//!
//! Spans and log records enter through the [`Intake`] and wait in a [`Queue`]; a [`Batcher`] encodes
//! them as a [`Parcel`](crate::parcel::Parcel). A [`Collector`] makes parcels of data points. Both are
//! [`Outlet`]s, and send through a [`Delivery`], which exports a parcel and records in the
//! [`Books`] what became of its items. All outlets run on one thread with its own runtime, so
//! telemetry needs no runtime of the application and takes no time from its threads.

mod batcher;
mod books;
mod collector;
mod counts;
mod delivery;
mod encode;
mod intake;
mod item;
mod orders;
mod outlet;
mod queue;
mod thread;

pub(crate) use intake::Intake;
pub(crate) use item::{ByteValue, Owner, SpanItem};
pub use orders::FlushError;
pub(crate) use thread::is_own as is_own_thread;

use crate::{
    InitError, ShutdownReport, Signal,
    config::TelemetryConfig,
    export::{Circuit, Exporter},
    metrics::Collection,
};
use batcher::Batcher;
use books::Books;
use collector::Collector;
use encode::SharedResource;
use glassbox_core::telemetry::TelemetryHealth;
use opentelemetry_sdk::Resource;
use orders::Orders;
use outlet::{Outlet, Outlets};
use queue::Queue;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

#[cfg(doc)]
use delivery::Delivery;

/// The queues and the thread behind them. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    intake: Intake,
    accounts: Arc<[Account]>,
    endpoint: Option<String>,
    orders: Orders,
}

/// The state of one exported signal.
#[derive(Clone, Debug)]
struct Account {
    signal: Signal,
    books: Arc<dyn Books>,
    circuit: Arc<Circuit>,
}

impl Pipeline {
    pub(crate) fn start(
        config: &TelemetryConfig,
        resource: &Resource,
        collections: Vec<Collection>,
    ) -> Result<Self, InitError> {
        let intake = Intake::new(config);
        let exported = Signal::ALL
            .into_iter()
            .filter(|signal| config.exports(*signal));
        let accounts: Arc<[Account]> = exported
            .map(|signal| Account {
                signal,
                books: match signal {
                    Signal::Traces => intake.spans.clone(),
                    Signal::Logs => intake.logs.clone(),
                    // Data points never wait.
                    Signal::Metrics => Arc::new(Queue::<()>::new(0, 1)),
                },
                circuit: Arc::new(Circuit::new()),
            })
            .collect();
        let (orders, inbox) = Orders::new();
        let (hurry, hurried) = watch::channel(false);
        let building = Building {
            config: config.clone(),
            resource: resource.into(),
            intake: intake.clone(),
            collections,
            hurried,
        };
        let build = {
            let accounts = Arc::clone(&accounts);
            move || building.outlets(&accounts)
        };
        let endpoint = thread::spawn(build, inbox, hurry)?;
        Ok(Self {
            intake,
            accounts,
            endpoint,
            orders,
        })
    }

    /// Where spans and log records enter.
    pub(crate) const fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Sends everything that waits now. `done` is called once.
    pub(crate) fn flush(
        &self,
        within: Duration,
        done: impl FnOnce(Result<(), FlushError>) + Send + 'static,
    ) {
        self.orders.flush(within, Box::new(done));
    }

    /// Sends everything that waits, and ends the thread. `done` is called once.
    pub(crate) fn shutdown(&self, within: Duration, done: impl FnOnce() + Send + 'static) {
        self.orders.shutdown(within, Box::new(done));
    }

    pub(crate) fn health(&self) -> TelemetryHealth {
        let mut health = TelemetryHealth::new(self.endpoint.clone());
        health.signals = self
            .accounts
            .iter()
            .map(|account| {
                let (books, open) = (&account.books, account.circuit.is_open());
                let signal = books.counts().health(books.len(), open);
                (account.signal.as_str().to_owned(), signal)
            })
            .collect();
        health
    }

    pub(crate) fn report(&self) -> ShutdownReport {
        let signals = self.accounts.iter().map(|account| {
            let report = account.books.counts().report();
            (account.signal.as_str().to_owned(), report)
        });
        ShutdownReport {
            signals: signals.collect(),
        }
    }

    /// Closes the books in place of the thread, which may no longer respond.
    pub(crate) fn write_off(&self) {
        self.accounts
            .iter()
            .for_each(|account| account.books.close());
    }
}

/// The parts of the outlets. They are built on the thread that runs them.
struct Building {
    config: TelemetryConfig,
    resource: SharedResource,
    intake: Intake,
    collections: Vec<Collection>,
    hurried: watch::Receiver<bool>,
}

impl Building {
    fn outlets(self, accounts: &[Account]) -> Result<Outlets, InitError> {
        let mut outlets: Vec<Arc<dyn Outlet>> = Vec::new();
        for account in accounts {
            match account.signal {
                Signal::Traces => outlets.push(Arc::new(Batcher::new(
                    self.intake.spans.clone(),
                    encode::spans,
                    &self.resource,
                    self.exporter(account)?,
                    self.config.batch_timeout,
                ))),
                Signal::Logs => outlets.push(Arc::new(Batcher::new(
                    self.intake.logs.clone(),
                    encode::logs,
                    &self.resource,
                    self.exporter(account)?,
                    self.config
                        .log_batch_timeout
                        .unwrap_or(self.config.batch_timeout),
                ))),
                Signal::Metrics => {
                    for collection in &self.collections {
                        outlets.push(Arc::new(Collector::new(
                            account.books.clone(),
                            collection.clone(),
                            self.exporter(account)?,
                            self.config.metric_interval,
                        )));
                    }
                }
            }
        }
        Ok(outlets.into_iter().collect())
    }

    fn exporter(&self, account: &Account) -> Result<Exporter, InitError> {
        let (circuit, hurried) = (account.circuit.clone(), self.hurried.clone());
        Exporter::new(&self.config, account.signal, circuit, hurried)
    }
}
