//! The number of commands that Redis executes.

use crate::{
    server::Server,
    services::{LONG, discovery, found, register},
};
use glassbox_core::{Cx, Health};
use std::collections::BTreeMap;

/// How often each command was called.
async fn counted(server: &Server) -> BTreeMap<&'static str, u64> {
    const COMMANDS: [&str; 15] = [
        "del",
        "eval",
        "get",
        "getrange",
        "keys",
        "pexpire",
        "pttl",
        "scan",
        "set",
        "strlen",
        "time",
        "type",
        "zadd",
        "zrem",
        "zrevrange",
    ];
    let mut counted = BTreeMap::new();
    for command in COMMANDS {
        counted.insert(command, server.calls(command).await);
    }
    counted
}

/// The difference between two counts, without zeros.
fn between(
    before: &BTreeMap<&'static str, u64>,
    after: &BTreeMap<&'static str, u64>,
) -> BTreeMap<&'static str, u64> {
    let grown = after
        .iter()
        .map(|(name, calls)| (*name, calls - before[name]));
    grown.filter(|(_, calls)| *calls > 0).collect()
}

#[tokio::test]
async fn a_look_measures_and_reads_each_instance_once() {
    let server = Server::start();
    let client = server.client();
    let discovery = discovery(client.clone());
    let mut leases = Vec::new();
    for instances in [1, 128, 300] {
        while leases.len() < instances {
            let instance = format!("i-{:03}", leases.len());
            leases.push(register(&client, &instance, LONG).await);
        }
        let before = counted(&server).await;
        assert_eq!(found(&discovery).await.len(), instances);
        let asked = between(&before, &counted(&server).await);
        let expected = {
            let each = instances as u64;
            BTreeMap::from([("zrevrange", 1), ("strlen", each), ("getrange", each)])
        };
        assert_eq!(asked, expected, "{instances} instances");
    }
}

#[tokio::test]
async fn a_renewal_is_one_question_however_many_are_there() {
    let server = Server::start();
    let client = server.client();
    let mut leases = Vec::new();
    for instances in [1, 200] {
        while leases.len() < instances {
            let instance = format!("i-{:03}", leases.len());
            leases.push(register(&client, &instance, LONG).await);
        }
        let before = counted(&server).await;
        leases[0]
            .report(&Cx::background(), Health::Ready)
            .await
            .unwrap();
        let asked = between(&before, &counted(&server).await);
        // One script, and the commands in it.
        let expected = ["eval", "get", "pttl", "set", "time", "zadd"].map(|name| (name, 1));
        let mut asked_once = asked.clone();
        // Extended only if the index would expire before the lease.
        asked_once.remove("pexpire");
        assert_eq!(
            asked_once,
            BTreeMap::from(expected),
            "{instances} instances"
        );
    }
}

#[tokio::test]
async fn keys_are_never_listed() {
    let mut server = Server::start();
    let client = server.client();
    let discovery = discovery(client.clone());
    let lease = register(&client, "a", LONG).await;
    drop(register(&client, "b", std::time::Duration::from_millis(100)).await);
    let healed = async || server.calls("zrem").await > 0;
    crate::services::until("the index was healed", async || {
        found(&discovery).await.len() == 1 && healed().await
    })
    .await;
    lease.release(&Cx::background()).await.unwrap();
    let calls = counted(&server).await;
    assert!(
        calls["eval"] > 2 && calls["zrevrange"] > 0 && calls["del"] == 1,
        "{calls:?}"
    );
    assert_eq!((calls["keys"], calls["scan"]), (0, 0));
    server.kill();
}
