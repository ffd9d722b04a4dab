//! The backend itself: pruned data, and failed queries.

use super::{doctor, doctor_at};
use crate::{
    glassbox::{Running, command, free_ports, get, page_of, until},
    strangers::{Reply, web},
};
use serde_json::json;

#[test]
fn a_store_that_was_full_is_told_with_how_much_it_gave_up() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("glassbox.toml");
    std::fs::write(&file, "[collector]\nmax_stored_records = 100\n").unwrap();
    let mut up = command(&["up", "--config"]);
    up.arg(&file).args(free_ports());
    let mut backend = Running::start(up.arg("--data").arg(data.path().join("data")));
    let page = page_of(&mut backend);
    let status = || get(&format!("{page}/api/status")).unwrap();
    let endpoint = status()["endpoints"]["http"].as_str().unwrap().to_owned();
    let pruned = until("the store to give something up", || {
        doctor(&endpoint).backend(&page).ask();
        let pruned = status()["store"]["pruned"]["spans"].as_u64()?;
        (pruned > 0).then_some(pruned)
    });
    assert!(pruned > 0);
    let found = doctor(&endpoint).backend(&page).ask().found("store_pruned");
    assert_eq!(found.mark, "note");
    found.says("the store was full and pruned", "max_stored_records");
}

#[test]
fn a_backend_that_answers_its_status_alone_is_told() {
    let taking = web(|_| Reply::new(200, "application/x-protobuf", ""));
    let port = web(move |path| match path {
        "/api/status" => {
            let there = format!("http://127.0.0.1:{taking}");
            let endpoints = json!({"grpc": there, "http": there, "page": there});
            let collector = json!({"mode": "embedded", "state": "running", "reason": "none"});
            Reply::json(&json!({"endpoints": endpoints, "collector": collector}))
        }
        _ => Reply::new(500, "application/json", "{}"),
    });
    let page = format!("http://127.0.0.1:{port}");
    let answer = doctor_at(taking).backend(&page).ask();
    assert_eq!(answer.verdict(), "broken");
    // Once for the test data, once for the applications' data.
    assert_eq!(answer.marks("backend"), ["well", "broken"]);
    assert_eq!(answer.marks("arrivals"), ["unknown"]);
    assert!(answer.has("backend_failed"));
}
