//! `kill -9`: what was acknowledged is there afterwards.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use glassbox_collector::Backend;
use prost::Message;
use serde_json::Value;

use crate::client::{export, get_json};
use crate::records::{hex, now, span, trace_id, traces};
use crate::{config, start, stop};

/// Names the folder to the process that plays the victim.
const FOLDER: &str = "GLASSBOX_TEST_CRASH_FOLDER";

/// The victim: runs a backend until it is killed. Does nothing in an ordinary test run.
#[test]
fn victim() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let backend = Backend::start(config(&PathBuf::from(folder)))
            .await
            .unwrap();
        let mut out = std::io::stdout();
        writeln!(out, "\nready {}", backend.endpoints().http()).unwrap();
        out.flush().unwrap();
        std::future::pending::<()>().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_sigkill() {
    let folder = tempfile::tempdir().unwrap();
    let mut sent = 0;
    for round in 0..3_u64 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::victim", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(victim.stdout.take().unwrap());
        let ready = out.lines().map(|line| line.unwrap());
        let http = ready
            .into_iter()
            .find_map(|line| line.strip_prefix("ready ").map(str::to_owned))
            .expect("the victim never listened");
        for _ in 0..20 {
            sent += 1;
            let span = span(1, sent, 0, &format!("round {round}"), now());
            export(
                &http,
                "/v1/traces",
                &traces("agent", vec![span]).encode_to_vec(),
            )
            .await;
        }
        // SIGKILL, right after the last acknowledgement.
        victim.kill().unwrap();
        victim.wait().unwrap();
    }
    let backend = start(folder.path()).await;
    let path = format!("/api/otel/traces?trace_id={}", hex(&trace_id(1)));
    let trace = get_json(backend.endpoints().page(), &path).await;
    let mut numbers: Vec<u64> = trace["spans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|span: &Value| u64::from_str_radix(span["span_id"].as_str().unwrap(), 16).unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=sent).collect::<Vec<_>>());
    assert!(backend.notes().is_empty(), "{:?}", backend.notes());
    stop(backend).await;
}
