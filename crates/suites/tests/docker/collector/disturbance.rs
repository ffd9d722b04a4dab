//! What may happen to a collector.

use crate::collector::Collector;
use testcontainers::bollard::{
    Docker,
    query_parameters::{KillContainerOptionsBuilder, RestartContainerOptions},
};

impl Collector {
    /// Freezes it: its connections stay, and nobody answers.
    pub(super) async fn pause(&self) {
        self.container().pause().await.unwrap();
    }

    /// Thaws it.
    pub(super) async fn resume(&self) {
        self.container().unpause().await.unwrap();
    }

    /// Whether it is frozen.
    pub(super) async fn is_paused(&self) -> bool {
        let seen = docker().inspect_container(self.container().id(), None);
        let state = seen.await.unwrap().state.unwrap();
        state.paused.unwrap()
    }

    /// SIGKILL; nobody listens on its ports afterwards.
    pub(super) async fn kill(&self) {
        self.signal("SIGKILL").await;
        assert!(!self.container().is_running().await.unwrap());
    }

    /// Starts it after a [`kill`](Self::kill), on the same ports.
    pub(super) async fn start_again(&self) {
        self.container().start().await.unwrap();
        self.ready().await;
    }

    /// SIGTERM, and a start once it has ended by itself.
    pub(super) async fn restart(&self) {
        let options = Some(RestartContainerOptions::default());
        let restarted = docker().restart_container(self.container().id(), options);
        restarted.await.unwrap();
        self.ready().await;
    }

    /// Has it read its configuration again, which `config` is laid over now.
    pub(super) async fn reload(&self, config: &str) {
        self.configure(config);
        self.signal("SIGHUP").await;
    }

    async fn signal(&self, signal: &str) {
        let options = KillContainerOptionsBuilder::new().signal(signal).build();
        let sent = docker().kill_container(self.container().id(), Some(options));
        sent.await.unwrap();
    }
}

fn docker() -> Docker {
    Docker::connect_with_local_defaults().unwrap()
}
