//! Disturbances of a collector.

use super::Collector;
use testcontainers::bollard::{
    Docker,
    query_parameters::{KillContainerOptionsBuilder, RestartContainerOptions},
};

impl Collector {
    /// Freezes it: its connections stay open, but nothing answers.
    pub(crate) async fn pause(&self) {
        self.container.pause().await.unwrap();
    }

    /// Thaws it.
    pub(crate) async fn resume(&self) {
        self.container.unpause().await.unwrap();
    }

    /// Whether it is frozen.
    pub(crate) async fn is_paused(&self) -> bool {
        let docker = docker();
        let seen = docker.inspect_container(self.container.id(), None).await;
        let state = seen.unwrap().state.unwrap();
        state.paused.unwrap()
    }

    /// SIGKILL. Afterwards, nothing listens on its ports.
    pub(crate) async fn kill(&self) {
        self.signal("SIGKILL").await;
        assert!(!self.container.is_running().await.unwrap());
    }

    /// Starts it after a [`kill`](Self::kill), on the same ports.
    pub(crate) async fn start_again(&self) {
        self.container.start().await.unwrap();
        self.ready().await;
    }

    /// Sends SIGTERM, and starts it again once it has exited.
    pub(crate) async fn restart(&self) {
        let options = Some(RestartContainerOptions::default());
        let docker = docker();
        let restarted = docker.restart_container(self.container.id(), options);
        restarted.await.unwrap();
        self.ready().await;
    }

    /// Makes it reload its configuration, with `config` merged over the base.
    pub(crate) async fn reload(&self, config: &str) {
        self.configure(config);
        self.signal("SIGHUP").await;
    }

    async fn signal(&self, signal: &str) {
        let options = KillContainerOptionsBuilder::new().signal(signal).build();
        let docker = docker();
        let sent = docker.kill_container(self.container.id(), Some(options));
        sent.await.unwrap();
    }
}

fn docker() -> Docker {
    Docker::connect_with_local_defaults().unwrap()
}
