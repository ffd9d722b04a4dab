//! All participants: Redis, the collector, the model, the tools and the agent, on their own network.

use crate::{
    archive::Archive,
    part::{Part, Setup},
    patience::eventually,
    registry::Registry,
};
use glassbox_core::Cx;
use glassbox_instrument::HttpClient;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};
use testcontainers::{
    ImageExt,
    core::{AccessMode, Healthcheck, Host, Mount},
};
use tokio::task::JoinSet;

/// The tools, and the agent that finds them.
pub(crate) const SERVICES: [&str; 5] = [
    "daylight-tool",
    "geocoding-tool",
    "time-tool",
    "travel-agent",
    "weather-tool",
];
pub(crate) const AGENT: &str = "travel-agent";
/// The port of every service.
const PORT: u16 = 8080;
/// The key of every service and of the model.
pub(crate) const KEY: &str = "journey-key";
/// The default time for which a registration outlives its service.
pub(crate) const LEASE: Duration = Duration::from_secs(6);

/// All participants. Fields are dropped in order of declaration; the network is removed with the last one.
pub(crate) struct Stage {
    services: BTreeMap<String, Part>,
    model: Part,
    collector: Part,
    pub(crate) registry: Registry,
    pub(crate) archive: Archive,
    network: String,
    lease: Duration,
    agent: String,
}

/// The agent's answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) tools: Vec<String>,
    pub(crate) trace_id: String,
}

impl Stage {
    /// Starts all participants, and waits until all are healthy and all services have registered.
    pub(crate) async fn set(lease: Duration) -> Self {
        let network = network();
        // The first container creates the network.
        let redis = Setup::new(
            &variable("GLASSBOX_REDIS_IMAGE"),
            &name(&network, "redis"),
            &network,
        )
        .with(|request| {
            // The image has no health check of its own.
            let check = Healthcheck::cmd(["redis-cli", "ping"]);
            let serve = "redis-server --bind 0.0.0.0 --protected-mode no --appendonly no";
            request
                .with_health_check(check.with_interval(Duration::from_secs(1)))
                .with_cmd(serve.split(' ').chain(["--save", ""]))
        })
        .start()
        .await;
        let archive = Archive::new();
        let others = [
            collector(&network, &archive),
            ours("offline-model", &name(&network, "offline-model"), &network)
                .with_variable("GLASSBOX_OFFLINE_MODEL_KEY", KEY),
        ];
        let services = SERVICES.map(|service| serving(service, service, &network, lease));
        let mut starting = JoinSet::new();
        for setup in others.into_iter().chain(services) {
            starting.spawn(setup.start());
        }
        // All starts must finish before one may fail the case, because a cancelled start leaves its container behind.
        let mut started = Vec::new();
        while let Some(part) = starting.join_next().await {
            started.push(part);
        }
        let mut parts: BTreeMap<String, Part> = BTreeMap::new();
        for part in started {
            let part = part.unwrap();
            let alias = part.name()[network.len() + 1..].to_owned();
            parts.insert(alias, part);
        }
        let agent = parts[AGENT].authority(PORT).await;
        let stage = Self {
            model: parts.remove("offline-model").unwrap(),
            collector: parts.remove("collector").unwrap(),
            services: parts,
            registry: Registry::new(redis),
            archive,
            network,
            lease,
            agent,
        };
        for part in stage
            .services
            .values()
            .chain([&stage.model, stage.registry.part()])
        {
            part.healthy().await;
        }
        stage.collector.says("Everything is ready").await;
        stage.registry.knows(&SERVICES).await;
        stage
    }

    /// The container of a service.
    pub(crate) fn service(&self, name: &str) -> &Part {
        &self.services[name]
    }

    /// Starts one more instance of a service, with its own name, and waits until it is healthy.
    pub(crate) async fn join(&mut self, service: &str, alias: &str) {
        let part = serving(service, alias, &self.network, self.lease)
            .start()
            .await;
        part.healthy().await;
        self.services.insert(alias.to_owned(), part);
    }

    /// Stops every service like an orchestrator, the agent first. Each flushes its telemetry.
    pub(crate) async fn close(&self) {
        let tools = self.services.keys().filter(|name| *name != AGENT);
        for name in [&AGENT.to_owned()].into_iter().chain(tools) {
            let part = self.service(name);
            assert_eq!(part.stop().await, 0, "{name} said:\n{}", part.log().await);
        }
    }

    /// Asks the agent until `is_such` accepts its answer. Fails with the last answer.
    pub(crate) async fn ask_until(&self, question: &str, is_such: impl Fn(&Answer) -> bool) {
        let mut last = None;
        let answered = eventually(async || {
            let answer = self.ask(question).await;
            let is_it = is_such(&answer);
            last = Some(answer);
            is_it.then_some(())
        });
        assert!(
            answered.await.is_some(),
            "it does not come to that: {last:?}"
        );
    }

    /// Asks the agent, and asserts that it answers.
    pub(crate) async fn ask(&self, question: &str) -> Answer {
        let url = format!("http://{}/v1/capabilities/ask", self.agent);
        let request = HttpClient::new().post(&url);
        let request = request.bearer(KEY).json(&json!({"question": question}));
        let response = request.send(&Cx::background()).await.unwrap();
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        let log = self.service(AGENT).log();
        assert_eq!(status, 200, "{body}; the agent said:\n{}", log.await);
        let tools = body["tools"].as_array().unwrap().iter();
        Answer {
            text: body["answer"].as_str().unwrap().to_owned(),
            tools: tools
                .map(|tool| tool.as_str().unwrap().to_owned())
                .collect(),
            trace_id: body["trace_id"].as_str().unwrap().to_owned(),
        }
    }
}

/// A name that contains the run's id, so that the clean-up after the run finds it.
pub(crate) fn network() -> String {
    static STAGES: AtomicU32 = AtomicU32::new(0);
    let by_hand = || format!("by-hand-{}", std::process::id());
    let run = std::env::var("GLASSBOX_SUITE_RUN").unwrap_or_else(|_| by_hand());
    format!("glassbox-{run}-journey-{}", STAGES.fetch_add(1, Relaxed))
}

/// The name of a container, which is its host name on the network.
pub(crate) fn name(network: &str, alias: &str) -> String {
    format!("{network}-{alias}")
}

pub(crate) fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set; run `cargo xtask collector journey`"))
}

/// A container of one of our own images, without any privileges.
fn ours(image: &str, name: &str, network: &str) -> Setup {
    let reference = format!("glassbox/{image}:{}", variable("GLASSBOX_IMAGES"));
    Setup::new(&reference, name, network).with(|request| request.with_cap_drop("ALL"))
}

/// A tool, or the agent.
fn serving(service: &str, alias: &str, network: &str, lease: Duration) -> Setup {
    let at = name(network, alias);
    let redis = name(network, "redis");
    let collector = name(network, "collector");
    let setup = ours(service, &at, network)
        .with_variable("GLASSBOX_HOST_KEY", KEY)
        .with_variable("GLASSBOX_HOST_ENDPOINT", format!("http://{at}:{PORT}"))
        .with_variable("GLASSBOX_HOST_LEASE", format!("{}s", lease.as_secs()))
        .with_variable("REDIS_URL", format!("redis://{redis}:6379"))
        .with_variable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        .with_variable(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            format!("http://{collector}:4318"),
        )
        .with_variable("OTEL_BSP_SCHEDULE_DELAY", "200")
        .with_variable("OTEL_BLRP_SCHEDULE_DELAY", "200");
    match service {
        AGENT => {
            let model = name(network, "offline-model");
            setup
                .with_variable("OPENAI_BASE_URL", format!("http://{model}:4390/v1"))
                .with_variable("GLASSBOX_MODEL", "openai/offline")
                .with_variable("OPENAI_API_KEY", KEY)
                .with_variable("GLASSBOX_HOST_PEERS", peers(network))
                .publishing(PORT)
        }
        // The weather must be unavailable wherever the suite runs.
        "weather-tool" => setup.with(|request| {
            let nowhere = Host::Addr(IpAddr::from(Ipv4Addr::LOCALHOST));
            request.with_host("api.open-meteo.com", nowhere)
        }),
        _ => setup,
    }
}

/// The tools, including those that join later.
fn peers(network: &str) -> String {
    let later = ["time-tool-again"];
    let all = SERVICES.iter().chain(&later);
    let all = all.map(|alias| format!("http://{}:{PORT}", name(network, alias)));
    all.collect::<Vec<_>>().join(",")
}

fn collector(network: &str, archive: &Archive) -> Setup {
    let image = variable("GLASSBOX_COLLECTOR_IMAGE");
    Setup::new(&image, &name(network, "collector"), network).with(|request| {
        let config = Mount::bind_mount(archive.config(), "/etc/glassbox/otelcol.yaml");
        let request = request
            .with_cmd(["--config=/etc/glassbox/otelcol.yaml"])
            .with_mount(config.with_access_mode(AccessMode::ReadOnly))
            .with_mount(Mount::bind_mount(archive.data(), "/data"));
        match archive.user() {
            Some(user) => request.with_user(user),
            None => request,
        }
    })
}
