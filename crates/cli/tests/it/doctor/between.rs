//! Another collector in between: it forwards everything, a part, nothing, or too much.

use super::doctor_at;
use crate::{
    glassbox::{get, page_of, up},
    strangers::{Reply, nobody, somebody, web},
};
use std::{
    io::{Read, Write},
    net::TcpStream,
};

const PROTOBUF: &str = "application/x-protobuf";

/// The address at which a backend receives OTLP over HTTP.
fn intake(page: &str) -> String {
    let status = get(&format!("{page}/api/status")).unwrap();
    let http = status["endpoints"]["http"].as_str().unwrap();
    http.strip_prefix("http://").unwrap().to_owned()
}

/// Forwards every connection unchanged.
fn relay(to: String) -> u16 {
    somebody(move |mut near| {
        let mut far = TcpStream::connect(&to).unwrap();
        let (mut back, mut forth) = (far.try_clone().unwrap(), near.try_clone().unwrap());
        std::thread::spawn(move || {
            let _ended = std::io::copy(&mut back, &mut forth);
            let _closed = forth.shutdown(std::net::Shutdown::Both);
        });
        let _ended = std::io::copy(&mut near, &mut far);
        let _closed = far.shutdown(std::net::Shutdown::Write);
    })
}

#[test]
fn what_a_collector_hands_on_is_found() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let answer = doctor_at(relay(intake(&page))).backend(&page).ask();
    assert_eq!(answer.verdict(), "well");
    let found = answer
        .found("another_collector")
        .says("it arrived through", "");
    assert_eq!(found.mark, "note");
}

#[test]
fn what_a_collector_keeps_to_itself_is_lost_between_it_and_the_backend() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let port = web(|_| Reply::new(200, PROTOBUF, ""));
    let http = intake(&page);
    let answer = doctor_at(port).backend(&page).timeout(1).ask();
    assert_eq!(answer.marks("collector"), ["well"], "it was taken");
    answer
        .broken("backend", "not_arrived")
        .says("traces, metrics, logs were accepted", &http);
    assert!(!answer.has("another_collector"), "it is said already");
}

#[test]
fn a_collector_behind_which_nobody_said_this_backend_is_cannot_be_judged() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = crate::glassbox::command(&["up"]);
    up.args(crate::glassbox::free_ports());
    let mut backend = crate::glassbox::Running::start(up.current_dir(folder.path()));
    page_of(&mut backend);
    let port = web(|_| Reply::new(200, PROTOBUF, ""));
    let answer = doctor_at(port).timeout(1).ask_in(folder.path());
    let found = answer.found("another_backend").says("", "--backend");
    assert_eq!(found.mark, "unknown");
    assert_eq!(answer.verdict(), "unknown");
}

#[test]
fn a_collector_without_any_backend_in_sight_cannot_be_judged() {
    let port = web(|_| Reply::new(200, PROTOBUF, ""));
    let answer = doctor_at(port).ask();
    let found = answer.found("no_backend").says("127.0.0.1:9", "--backend");
    assert_eq!(found.mark, "unknown");
    assert_eq!(answer.verdict(), "unknown");
    assert_eq!(answer.marks("arrivals"), ["unknown"]);
}

#[test]
fn a_backend_that_was_named_and_is_none_is_broken() {
    let port = web(|_| Reply::new(200, PROTOBUF, ""));
    let gone = format!("http://127.0.0.1:{}", nobody());
    let other = format!("http://127.0.0.1:{}", web(|_| Reply::page(404)));
    for (page, why) in [(gone, "nothing listens there"), (other, "status 404")] {
        doctor_at(port)
            .backend(&page)
            .ask()
            .broken("backend", "backend_unavailable")
            .says(&page, "glassbox up")
            .says(why, "");
    }
    let silent = format!("http://127.0.0.1:{}", crate::strangers::silent());
    doctor_at(port)
        .backend(&silent)
        .timeout(1)
        .ask()
        .broken("backend", "backend_unavailable")
        .says("within 1s", "");
}

#[test]
fn what_arrives_twice_is_told() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let to = intake(&page);
    // Each complete request is forwarded twice; the second response is returned.
    let port = somebody(move |mut near| {
        while let Some(request) = whole(&mut near) {
            let mut answer = Vec::new();
            for _ in 0..2 {
                let mut far = TcpStream::connect(&to).unwrap();
                far.write_all(&request).unwrap();
                answer = whole(&mut far).unwrap_or_default();
            }
            if near.write_all(&answer).is_err() {
                return;
            }
        }
    });
    doctor_at(port)
        .backend(&page)
        .ask()
        .broken("backend", "duplicated")
        .says("52 spans, but only 26 distinct ones", "one exporter");
}

/// The next HTTP/1.1 message on a connection, head and body; `None` after the last one.
fn whole(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    let mut byte = [0];
    while !message.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        message.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&message).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    message.extend(body);
    Some(message)
}
