//! `kill -9`: acknowledged data is there after a restart.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use glassbox_collector::Backend;
use prost::Message;
use serde_json::Value;

use crate::client::{export, get_json, post};
use crate::records::{hex, now, span, trace_id, traces};
use crate::{config, start, stop};

/// The variable with the folder for the process that is killed.
const FOLDER: &str = "GLASSBOX_TEST_CRASH_FOLDER";

/// Runs a backend until it is killed. Does nothing in an ordinary test run.
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

/// Starts the victim by `command`, which has to run this test program.
fn spawn(command: &mut Command, folder: &Path) -> (Child, String) {
    let mut victim = command
        .args(["--exact", "crash::victim", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap())
        .lines()
        .map(|line| line.unwrap());
    let ready = lines.find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
    (victim, ready.expect("the victim never listened"))
}

async fn stored_numbers(folder: &Path) -> Vec<u64> {
    let backend = start(folder).await;
    let path = format!("/api/otel/traces?trace_id={}", hex(&trace_id(1)));
    let trace = get_json(backend.endpoints().page(), &path).await;
    let spans = trace["spans"].as_array().unwrap();
    let ids = spans
        .iter()
        .map(|span: &Value| span["span_id"].as_str().unwrap());
    let mut numbers: Vec<u64> = ids.map(|id| u64::from_str_radix(id, 16).unwrap()).collect();
    numbers.sort_unstable();
    assert!(backend.notes().is_empty(), "{:?}", backend.notes());
    stop(backend).await;
    numbers
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_sigkill() {
    let folder = tempfile::tempdir().unwrap();
    let mut sent = 0;
    for round in 0..3_u64 {
        let mut program = Command::new(std::env::current_exe().unwrap());
        let (mut victim, http) = spawn(&mut program, folder.path());
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
    assert_eq!(
        stored_numbers(folder.path()).await,
        (1..=sent).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_tore_is_said_where_people_look() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    for number in 1..=2 {
        let body = traces("agent", vec![span(1, number, 0, "step", now())]).encode_to_vec();
        export(backend.endpoints().http(), "/v1/traces", &body).await;
    }
    stop(backend).await;
    let segment = std::fs::read_dir(folder.path().join("segments")).unwrap();
    let segment = segment.map(|entry| entry.unwrap().path()).next().unwrap();
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(&segment)
        .unwrap();
    file.set_len(file.metadata().unwrap().len() - 1).unwrap();
    let backend = start(folder.path()).await;
    let status = get_json(backend.endpoints().page(), "/api/status").await;
    assert_eq!(status["store"]["spans"], 1);
    let note = &backend.notes()[0];
    assert!(
        note.contains("truncated a torn end") && note.contains("1 record lost"),
        "{note}"
    );
    assert_eq!(status["notes"][0], note.as_str());
    stop(backend).await;
    assert_eq!(stored_numbers(folder.path()).await, [1], "said once");
}

/// The limit on file sizes simulates a full disk: the system writes only a part.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_more_is_a_503_and_what_was_acknowledged_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""]);
    shell.arg(std::env::current_exe().unwrap());
    let (mut victim, http) = spawn(&mut shell, folder.path());
    let mut acknowledged = Vec::new();
    let refused = loop {
        let number = acknowledged.len() as u64 + 1;
        let name = format!("{number}: {}", noise(number, 2_000));
        let body = traces("agent", vec![span(1, number, 0, &name, now())]).encode_to_vec();
        let answer = post(&http, "/v1/traces", "application/x-protobuf", &body).await;
        if answer.status != 200 {
            break answer;
        }
        acknowledged.push(number);
        assert!(number < 1_000, "the limit was never met");
    };
    assert_eq!(
        refused.status,
        503,
        "{}",
        String::from_utf8_lossy(&refused.body)
    );
    assert_eq!(refused.header("retry-after"), Some("5"));
    assert!(String::from_utf8_lossy(&refused.body).contains("the store cannot write"));
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert!(acknowledged.len() > 5);
    assert_eq!(stored_numbers(folder.path()).await, acknowledged);
}

/// Letters that hardly compress.
fn noise(seed: u64, len: usize) -> String {
    let mut state = seed | 1;
    let letters = (0..len).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'0' + (state % 64) as u8)
    });
    letters.collect()
}
