use super::*;
use glassbox_core::Category;
use serde_json::json;

fn all_kinds() -> Vec<EntryKind> {
    let step = || "s".to_owned();
    let problem = || Problem::new(Category::Unavailable, "x.down", "down");
    vec![
        EntryKind::RunStarted(Box::new(RunStarted {
            run_id: "r".to_owned(),
            workflow: Workflow::new("w").with_step(crate::Step::new("s", "x")),
            inputs: Map::from_iter([("city".to_owned(), json!("Oslo"))]),
            max_parallel: NonZeroUsize::MIN,
            cx: DurableCx::keep(
                &Cx::background().with_idempotency_key("order-7"),
                &Epoch,
                SystemTime::UNIX_EPOCH,
            ),
        })),
        EntryKind::RunResumed { trace: None },
        EntryKind::AttemptStarted {
            step: step(),
            attempt: 1,
            capability: "x".to_owned(),
            service: "x-tool".to_owned(),
            key: "order-7/s".to_owned(),
            repeatable: true,
        },
        EntryKind::AttemptCompleted {
            step: step(),
            attempt: 1,
            output: json!({"v": 7, "kind": "a member of the same name", "half": 0.5}),
            spent: Spent::tokens(7),
        },
        EntryKind::AttemptFailed {
            step: step(),
            attempt: 1,
            problem: problem(),
            jitter: u32::MAX,
        },
        EntryKind::TimerSet {
            step: step(),
            attempt: 2,
            until_unix_nano: 1_700_000_000_123_456_789,
        },
        EntryKind::TimerFired {
            step: step(),
            attempt: 2,
        },
        EntryKind::StepCompleted {
            step: step(),
            attempts: 2,
        },
        EntryKind::StepFailed {
            step: step(),
            attempts: 0,
            problem: problem(),
        },
        EntryKind::RunCompleted {
            output: json!(null),
        },
        EntryKind::RunFailed { problem: problem() },
        EntryKind::RunCancelled { problem: problem() },
        EntryKind::RunInterrupted,
    ]
}

#[test]
fn every_kind_survives_json_under_its_name() {
    for (seq, kind) in all_kinds().into_iter().enumerate() {
        let entry = Entry::new(seq as u64, 1_700_000_000_123_456_789, kind);
        let json = serde_json::to_value(&entry).unwrap();
        assert_eq!(json["kind"], entry.kind.name());
        assert_eq!(json["v"], 1);
        assert_eq!(serde_json::from_value::<Entry>(json).unwrap(), entry);
    }
}

#[test]
fn unknown_fields_are_ignored() {
    let json = br#"{"v":1,"seq":3,"at_unix_nano":5,"kind":"timer_fired","step":"s","attempt":2,"mood":"good"}"#;
    let entry = Entry::from_json(json).unwrap();
    assert_eq!(
        entry.kind,
        EntryKind::TimerFired {
            step: "s".to_owned(),
            attempt: 2
        }
    );
}

#[test]
fn a_newer_entry_is_refused_even_if_nothing_else_in_it_is_known() {
    for json in [
        r#"{"v":2}"#,
        r#"{"v":2,"kind":"run_interrupted","seq":1,"at_unix_nano":1}"#,
        r#"{"v":99999999999}"#,
    ] {
        let error = Entry::from_json(json.as_bytes()).unwrap_err();
        assert!(matches!(error, EntryError::Newer { .. }), "{json}: {error}");
        let error = serde_json::from_str::<Entry>(json).unwrap_err().to_string();
        assert!(
            error.contains("this build reads versions up to 1"),
            "{error}"
        );
    }
}

#[test]
fn an_entry_without_a_version_is_refused() {
    for json in ["{}", r#"{"v":0}"#, r#"{"v":"1"}"#, r#"{"v":-1}"#] {
        let error = Entry::from_json(json.as_bytes()).unwrap_err();
        assert!(matches!(error, EntryError::NoVersion), "{json}: {error}");
    }
}

#[test]
fn what_is_not_an_entry_is_malformed() {
    for json in [
        "",
        "[]",
        r#"{"v":1,"seq":1,"at_unix_nano":1,"kind":"moon_landed"}"#,
        r#"{"v":1,"at_unix_nano":1,"kind":"run_interrupted"}"#,
        r#"{"v":1,"seq":1,"at_unix_nano":1,"kind":"timer_fired","step":"s"}"#,
    ] {
        let error = Entry::from_json(json.as_bytes()).unwrap_err();
        assert!(matches!(error, EntryError::Malformed(_)), "{json}: {error}");
    }
}
