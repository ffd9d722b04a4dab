//! Real services: a tool and an agent that share only the address of Redis.

use crate::{
    again::{self, Ends},
    server::Server,
    services::{LONG, discovery, found, until},
};
use glassbox_core::{
    Agent, Capability, Category, Cx, Filter, Outcome, Tool, ToolError, World, async_trait,
};
use glassbox_host::{Host, HostSettings, RedisUrl};
use glassbox_instrument::HttpClient;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    process::Stdio,
    time::{Duration, Instant},
};

/// Returns its input and its instance.
struct Echo(Vec<Capability>);

/// Calls any service that can echo.
struct Asker(Vec<Capability>);

fn echo() -> Echo {
    Echo(vec![Capability::of::<Value, Value>("echo", "Echoes.")])
}

fn asker() -> Asker {
    Asker(vec![Capability::of::<Value, Value>("ask", "Asks an echo.")])
}

#[async_trait]
impl Tool for Echo {
    fn name(&self) -> &str {
        "echo"
    }

    fn capabilities(&self) -> &[Capability] {
        &self.0
    }

    async fn call(&self, _cx: &Cx, _capability: &str, input: Value) -> Result<Outcome, ToolError> {
        Ok(Outcome::done(json!({"echoed": input})))
    }
}

#[async_trait]
impl Agent for Asker {
    fn name(&self) -> &str {
        "asker"
    }

    fn capabilities(&self) -> &[Capability] {
        &self.0
    }

    async fn invoke(
        &self,
        cx: &Cx,
        world: &World<'_>,
        _capability: &str,
        input: Value,
    ) -> Result<Outcome, ToolError> {
        let filter = Filter::tools().with_capability("echo");
        let found = world.discovery.find(cx, &filter).await?;
        let Some(echo) = found.first() else {
            let nobody = "nobody echoes";
            return Err(ToolError::new(Category::NotFound, "asker.alone", nobody));
        };
        let echo = world.connector.connect(echo)?;
        echo.call(cx, "echo", input).await
    }
}

fn settings(redis: RedisUrl, lease: Duration) -> HostSettings {
    let mut settings = HostSettings::default();
    settings.redis_url = Some(redis);
    settings.redis_namespace = "test".to_owned();
    settings.lease = lease;
    settings
}

/// The agent's response, with its status.
async fn ask(endpoint: &str) -> (u16, Value) {
    let url = format!("{endpoint}/v1/capabilities/ask");
    let request = HttpClient::new().post(&url).json(&json!({"say": "hello"}));
    let answer = request.send(&Cx::background()).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The same test in the role of the tool's process, until it is killed.
async fn serve_again() {
    let lease = again::told("LEASE_MS").parse().unwrap();
    let settings = settings(again::url(), Duration::from_millis(lease));
    let served = Host::tool(echo()).settings(settings).serve().await;
    assert_eq!(served.unwrap().aborted(), 0);
}

/// A process that serves the tool.
fn process(test: &str, server: &Server, lease: Duration) -> Ends {
    let mut command = again::again(test);
    command
        .env("REDIS_URL", format!("redis://{}", server.authority()))
        .env("LEASE_MS", lease.as_millis().to_string())
        // The test harness's output must not be counted as part of this run.
        .stdout(Stdio::null());
    Ends(command.spawn().unwrap())
}

#[tokio::test]
async fn a_tool_and_an_agent_find_and_call_each_other_by_redis_alone() {
    let server = Server::start();
    let host = Host::agent(asker()).settings(settings(server.url(), LONG));
    let agent = host.start().await.unwrap();
    let (status, answer) = ask(agent.endpoint()).await;
    assert_eq!((status, &answer["code"]), (404, &json!("asker.alone")));

    let host = Host::tool(echo()).settings(settings(server.url(), LONG));
    let tool = host.start().await.unwrap();
    until("the agent found the tool", async || {
        ask(agent.endpoint()).await == (200, json!({"echoed": {"say": "hello"}}))
    })
    .await;

    let _ = tool.shutdown(Duration::from_secs(5)).await;
    until("the tool is gone", async || {
        ask(agent.endpoint()).await.0 == 404
    })
    .await;
    let discovery = discovery(server.client());
    assert_eq!(found(&discovery).await, [agent.instance()]);
    let _ = agent.shutdown(Duration::from_secs(5)).await;
    assert!(found(&discovery).await.is_empty());
}

#[tokio::test]
async fn services_serve_and_find_each_other_while_redis_is_dead() {
    let mut server = Server::start();
    let lease = Duration::from_millis(900);
    let tool = Host::tool(echo()).settings(settings(server.url(), lease));
    let tool = tool.start().await.unwrap();
    let agent = Host::agent(asker()).settings(settings(server.url(), lease));
    let agent = agent.start().await.unwrap();
    assert_eq!(ask(agent.endpoint()).await.0, 200);

    server.kill();
    let dead = Instant::now();
    // Longer than their leases, which would have expired in a running Redis.
    while dead.elapsed() < lease * 2 {
        let began = Instant::now();
        assert_eq!(ask(agent.endpoint()).await.0, 200);
        let took = began.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    server.restart();
    let discovery = discovery(server.client());
    until("both are there again", async || {
        found(&discovery).await.len() == 2
    })
    .await;
    drop(tool);
}

#[tokio::test]
async fn an_agent_that_starts_without_redis_says_so_and_finds_the_tool_later() {
    let mut server = Server::start();
    server.kill();
    let agent = Host::agent(asker()).settings(settings(server.url(), LONG));
    let agent = agent.start().await.unwrap();
    let (status, answer) = ask(agent.endpoint()).await;
    assert_eq!(
        (status, &answer["code"]),
        (503, &json!("registry.unavailable"))
    );
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains(&server.authority()), "{message}");

    server.restart();
    let tool = Host::tool(echo()).settings(settings(server.url(), LONG));
    let _tool = tool.start().await.unwrap();
    until("the agent found the tool", async || {
        ask(agent.endpoint()).await.0 == 200
    })
    .await;
}

#[tokio::test]
async fn a_frozen_redis_does_not_hold_up_a_shutdown() {
    let server = Server::start();
    let tool = Host::tool(echo()).settings(settings(server.url(), LONG));
    let tool = tool.start().await.unwrap();
    server.freeze();
    let limit = Duration::from_secs(2);
    let began = Instant::now();
    let report = tool.shutdown(limit).await;
    let took = began.elapsed();
    assert!(took < limit, "{took:?}");
    assert_eq!(report.aborted(), 0);
    server.thaw();
}

#[tokio::test]
async fn a_process_that_is_killed_is_gone_after_its_lease_and_not_before() {
    const TEST: &str = "hosts::a_process_that_is_killed_is_gone_after_its_lease_and_not_before";
    if again::is_again() {
        return serve_again().await;
    }
    let server = Server::start();
    let lease = Duration::from_secs(4);
    let mut tool = process(TEST, &server, lease);
    let discovery = discovery(server.client());
    let mut instance = String::new();
    until("the tool is there", async || {
        instance = found(&discovery).await.pop().unwrap_or_default();
        !instance.is_empty()
    })
    .await;
    tool.0.kill().unwrap();
    tool.0.wait().unwrap();

    let mut redis = server.connect().await;
    let asked = Instant::now();
    let left: i64 = redis::cmd("PTTL")
        .arg(format!("{{test}}:instance:{instance}"))
        .query_async(&mut redis)
        .await
        .unwrap();
    // Negative if there is no such key.
    let left = u64::try_from(left).expect("nobody deregistered it");
    let left = Duration::from_millis(left);
    assert!(left <= lease, "{left:?}");
    until("the tool is gone", async || {
        found(&discovery).await.is_empty()
    })
    .await;
    let took = asked.elapsed();
    let rounded = Duration::from_millis(2);
    assert!(took + rounded >= left, "{took:?}, with {left:?} left");
    let late = left + Duration::from_secs(5);
    assert!(took < late, "{took:?}, with {left:?} left");
}

#[tokio::test]
async fn a_process_that_is_asked_to_end_deregisters_first() {
    const TEST: &str = "hosts::a_process_that_is_asked_to_end_deregisters_first";
    if again::is_again() {
        return serve_again().await;
    }
    let server = Server::start();
    let mut tool = process(TEST, &server, LONG);
    let discovery = discovery(server.client());
    until("the tool is there", async || {
        found(&discovery).await.len() == 1
    })
    .await;
    kill_process(Pid::from_child(&tool.0), Signal::TERM).unwrap();
    assert!(tool.0.wait().unwrap().success());
    assert!(found(&discovery).await.is_empty());
    let mut redis = server.connect().await;
    let left: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut redis)
        .await
        .unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn how_long_what_was_known_is_used_is_a_setting() {
    let mut server = Server::start();
    let tool = Host::tool(echo()).settings(settings(server.url(), LONG));
    let _tool = tool.start().await.unwrap();
    let mut brief = settings(server.url(), LONG);
    brief.last_known = Duration::from_millis(1500);
    let agent = Host::agent(asker()).settings(brief).start().await.unwrap();
    assert_eq!(ask(agent.endpoint()).await.0, 200);
    server.kill();
    until("what was known is too old", async || {
        ask(agent.endpoint()).await.0 == 503
    })
    .await;
}
