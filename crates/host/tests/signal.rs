//! Signals are process-global, so they are tested in their own process.

#![cfg(unix)]
use glassbox_core::{Capability, Cx, Outcome, Tool, ToolError, async_trait};
use glassbox_host::{Host, HostSettings, MemoryRegistry};
use glassbox_instrument::HttpClient;
use rustix::process::{Signal, getpid, kill_process};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

struct Endless {
    begun: Arc<Notify>,
    capabilities: Vec<Capability>,
}

#[async_trait]
impl Tool for Endless {
    fn name(&self) -> &str {
        "endless"
    }

    fn capabilities(&self) -> &[Capability] {
        &self.capabilities
    }

    async fn call(&self, _cx: &Cx, _capability: &str, _in: Value) -> Result<Outcome, ToolError> {
        self.begun.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_signal_drains_for_as_long_as_the_settings_say() {
    let begun = Arc::new(Notify::new());
    let tool = Endless {
        begun: Arc::clone(&begun),
        capabilities: vec![Capability::of::<Value, Value>("wait", "Waits.")],
    };
    let registry = MemoryRegistry::new();
    let mut settings = HostSettings::default();
    settings.drain_timeout = Duration::from_millis(20);
    let host = Host::tool(tool)
        .settings(settings)
        .registry(Arc::new(registry.clone()));
    let served = tokio::spawn(host.serve());
    let endpoint = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            match registry.matching(&glassbox_core::Filter::any()).pop() {
                Some(service) => break service.endpoint,
                None => tokio::task::yield_now().await,
            }
        }
    });
    let url = format!("{}/v1/capabilities/wait", endpoint.await.unwrap());
    let call = tokio::spawn(async move {
        let request = HttpClient::new().post(&url).json(&json!({}));
        request.send(&Cx::background()).await.is_err()
    });
    begun.notified().await;
    kill_process(getpid(), Signal::TERM).unwrap();
    let report = served.await.unwrap().unwrap();
    assert_eq!((report.served(), report.aborted()), (0, 1));
    assert!(call.await.unwrap(), "the call was cut short");
    assert!(registry.is_empty(), "it was deregistered first");
}
