//! Headers that the official suite does not send, with telemetry and without.

use super::{
    service::{Mode, Service},
    wire::through,
};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The outgoing headers of one name.
fn sent<'a>(headers: &'a [(String, Vec<u8>)], name: &str) -> Vec<&'a [u8]> {
    let values = headers.iter().filter(|(sent, _)| sent == name);
    values.map(|(_, value)| value.as_slice()).collect()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// `tracestate` headers, and what a participant forwards.
fn states() -> Vec<(Vec<String>, Option<String>)> {
    let members = |count: usize| -> Vec<_> { (1..=count).map(|n| format!("k{n}=v{n}")).collect() };
    let long = |key: &str, length: usize| format!("{key}={}", "x".repeat(length));
    let same = |header: String| (vec![header.clone()], Some(header));
    let row = |header: &str, kept: Option<&str>| (vec![header.to_owned()], kept.map(str::to_owned));
    let joined = |headers: &[&str], kept: &str| {
        let headers = headers.iter().map(|header| (*header).to_owned()).collect();
        (headers, Some(kept.to_owned()))
    };
    vec![
        // Whitespace and empty members.
        row("a=1 , b=2\t,\tc=3", Some("a=1,b=2,c=3")),
        row(",a=1,, ,b=2,", Some("a=1,b=2")),
        row(",,,", None),
        row("a= 1", Some("a= 1")),
        row("a =1,b=2", None),
        // Keys of both levels.
        same("foo@@bar=1,t@=2,0a=3,a-_*/=4".to_owned()),
        row("@foo=1,b=2", None),
        row("FOO=1", None),
        row("foo.bar=1", None),
        row("a=\u{e9},b=2", None),
        same(format!("{}=1", "z".repeat(256))),
        row(&format!("{}=1,b=2", "z".repeat(257)), None),
        // Values.
        same(long("a", 256)),
        row(&long("a", 257), None),
        row("a=1=2", None),
        row("a=,b=2", None),
        row("a", None),
        // Duplicated keys.
        row("a=1,b=2,a=3", Some("a=1,b=2")),
        row("a=1,a=1,a=1", Some("a=1")),
        joined(&["a=1", "b=2", "a=3,c=4"], "a=1,b=2,c=4"),
        // Numbers of members.
        same(members(32).join(",")),
        row(&members(33).join(","), None),
        joined(&["a=1", "", "b=2"], "a=1,b=2"),
        // More than 512 bytes: whole members, long ones first.
        (
            vec![format!("a=1,{},{},b=2", long("c", 250), long("d", 250))],
            Some(format!("a=1,{},b=2", long("c", 250))),
        ),
        (
            vec![
                (0..12)
                    .map(|n| long(&format!("k{n:02}"), 46))
                    .collect::<Vec<_>>()
                    .join(","),
            ],
            Some(
                (0..10)
                    .map(|n| long(&format!("k{n:02}"), 46))
                    .collect::<Vec<_>>()
                    .join(","),
            ),
        ),
    ]
}

fn with_states(url: &str, states: &[String]) -> Vec<(String, Vec<u8>)> {
    let mut headers = vec![("traceparent", PARENT.as_bytes())];
    headers.extend(states.iter().map(|state| ("tracestate", state.as_bytes())));
    through(url, &headers)
}

/// Values of `traceparent`, and whether they are valid.
fn parents() -> Vec<(Vec<Vec<u8>>, bool)> {
    let one = |value: &str, valid| (vec![value.as_bytes().to_vec()], valid);
    let two = |second: &[u8]| (vec![PARENT.as_bytes().to_vec(), second.to_vec()], false);
    vec![
        one(PARENT, true),
        one(&format!("\t {PARENT} \t"), true),
        one(&PARENT.replace("-01", "-ff"), true),
        one(&PARENT.replacen("00", "cc", 1), true),
        one(&format!("{}-later", PARENT.replacen("00", "cc", 1)), true),
        one(&format!("{}.later", PARENT.replacen("00", "cc", 1)), false),
        one(&PARENT.replacen("00", "ff", 1), false),
        one(&PARENT.replacen("00", "FE", 1), false),
        one(&PARENT.to_uppercase(), false),
        one(&format!("{PARENT}-"), false),
        one(&format!("{PARENT}0"), false),
        one(&PARENT[..54], false),
        one(&PARENT.replace(TRACE, &"0".repeat(32)), false),
        one(&PARENT.replace("b7ad6b7169203331", &"0".repeat(16)), false),
        one(&PARENT.replace('-', "_"), false),
        one(&PARENT.replace("-01", "-0\u{e9}"), false),
        one("", false),
        two(PARENT.as_bytes()),
        two(&PARENT.as_bytes().to_ascii_uppercase()),
        two(b""),
        two(b"\xff\xfe"),
    ]
}

fn with_parents(url: &str, parents: &[Vec<u8>]) -> Vec<(String, Vec<u8>)> {
    let mut headers: Vec<_> = (parents.iter())
        .map(|parent| ("traceparent", parent.as_slice()))
        .collect();
    headers.push(("tracestate", b"a=1"));
    through(url, &headers)
}

#[test]
fn with_telemetry_valid_entries_of_tracestate_are_propagated() {
    let service = Service::start(Mode::Exporting, None);
    for (states, kept) in states() {
        let headers = with_states(service.url(), &states);
        let parent = sent(&headers, "traceparent");
        assert_eq!(parent.len(), 1, "{states:?}");
        assert!(text(parent[0]).starts_with(&format!("00-{TRACE}-")));
        assert_ne!(text(parent[0]), PARENT, "{states:?}");
        let state: Vec<_> = sent(&headers, "tracestate").into_iter().map(text).collect();
        assert_eq!(state, kept.as_slice(), "{states:?}");
    }
}

#[test]
fn with_telemetry_an_invalid_parent_starts_a_trace_without_the_callers_entries() {
    let service = Service::start(Mode::Exporting, None);
    for (parents, valid) in parents() {
        let headers = with_parents(service.url(), &parents);
        let parent = sent(&headers, "traceparent");
        assert_eq!(parent.len(), 1);
        let continued = text(parent[0]).starts_with(&format!("00-{TRACE}-"));
        assert_eq!(continued, valid, "{parents:?}: {parent:?}");
        let state = sent(&headers, "tracestate");
        assert_eq!(
            state,
            if valid { vec![b"a=1"] } else { vec![] },
            "{parents:?}"
        );
    }
}

#[test]
fn without_telemetry_both_headers_pass_byte_for_byte() {
    let service = Service::start(Mode::Bare, None);
    for (states, _) in states() {
        let headers = with_states(service.url(), &states);
        assert_eq!(sent(&headers, "traceparent"), [PARENT.as_bytes()]);
        let state = sent(&headers, "tracestate");
        assert_eq!(state, [states.join(",").as_bytes()], "{states:?}");
    }
}

#[test]
fn without_telemetry_an_invalid_parent_does_not_pass() {
    let service = Service::start(Mode::Bare, None);
    for (parents, valid) in parents() {
        let headers = with_parents(service.url(), &parents);
        assert_eq!(
            sent(&headers, "traceparent").len(),
            usize::from(valid),
            "{parents:?}"
        );
        assert_eq!(
            sent(&headers, "tracestate").len(),
            usize::from(valid),
            "{parents:?}"
        );
    }
    // Entries without a parent belong to no trace.
    assert!(
        sent(
            &through(service.url(), &[("tracestate", b"a=1")]),
            "tracestate"
        )
        .is_empty()
    );
}
