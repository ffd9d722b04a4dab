//! What receives for a backend: the backend itself, or a real collector that it owns.

use super::{Known, age};
use crate::{
    backend::{Collector, LastExit},
    doctor::finding::{Finding, Hop},
    elapsed,
};

impl Known {
    /// What receives for the backend, how it fares, and what it could not hand on.
    pub(in crate::doctor) fn collector(&self) -> Vec<Finding> {
        let collector = &self.status().collector;
        let mut findings = Vec::from_iter(finding(collector));
        findings.extend(lost(collector));
        findings
    }

    /// The process of its collector.
    pub(in crate::doctor) fn collector_pid(&self) -> Option<u32> {
        let collector = &self.status().collector;
        collector.pid.filter(|_| collector.is_otelcol())
    }
}

fn finding(collector: &Collector) -> Option<Finding> {
    let line = named(collector);
    let last_exit = collector
        .last_exit
        .as_ref()
        .map_or_else(String::new, ended_with);
    let found = match collector.state.as_deref()? {
        "running" if collector.restarts == 0 => Finding::well(Hop::Collector, line),
        "running" => {
            let times = match collector.restarts {
                1 => "once".to_owned(),
                times => format!("{times} times"),
            };
            let what = format!("{line}, runs and was started again {times}{last_exit}");
            let mend =
                "what was under way when it ended may be lost; mend what its last words name";
            Finding::note(Hop::Collector, "collector_restarted", what).mend(mend)
        }
        "fallen_back" if !collector.is_otelcol() => {
            let what = format!("{line}: its collector ended too often{last_exit}");
            let mend = "mend what its last words name, and start the backend again";
            Finding::note(Hop::Collector, "collector_fallen_back", what).mend(mend)
        }
        state @ ("stopped" | "fallen_back") => {
            let state = state.replace('_', " ");
            let what = format!("{line} is {state}, and nobody receives{last_exit}");
            let mend = "start the backend again";
            Finding::broken(Hop::Collector, "collector_stopped", what, mend)
        }
        state => {
            let what = format!("{line} is {state} and takes nothing now{last_exit}");
            let mend = "wait a few seconds and look again; if it stays so, mend what its last words \
                        name";
            Finding::broken(Hop::Collector, "collector_not_ready", what, mend)
        }
    };
    Some(found)
}

/// Who receives, in a few words.
pub(super) fn named(collector: &Collector) -> String {
    if !collector.is_otelcol() {
        let reason = collector.reason.as_ref();
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        return format!("the backend receives by itself (embedded{reason})");
    }
    collector.program()
}

/// What did not get from the collector to where it exports.
fn lost(collector: &Collector) -> impl Iterator<Item = Finding> {
    collector.lost.iter().map(|(exporter, loss)| {
        let last = age(loss.last_unix_nano);
        let last = last.map_or_else(String::new, |last| {
            format!(", the last {} ago", elapsed::age(last))
        });
        let what = format!(
            "its exporter {exporter} could not hand on at least {} records{last}: {}",
            loss.items,
            loss.last_error.trim()
        );
        let mend = "see that what it exports to is up, is reached from there, and has room";
        Finding::note(Hop::Collector, "collector_lost", what).mend(mend)
    })
}

/// The last line of its log says most; the whole is in the backend's log.
fn ended_with(exit: &LastExit) -> String {
    let words = exit.last_words.lines().rev().map(str::trim);
    let last = words.into_iter().find(|line| !line.is_empty());
    let words = last.map_or_else(String::new, |line| format!(", its last words \"{line}\""));
    format!("; it ended with {}{words}", exit.status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Mark;
    use serde_json::{Value, json};

    /// `collector` of a recorded answer of `/api/status`, with this in it changed.
    fn found(changes: &Value) -> Finding {
        let mut status: Value = serde_json::from_str(include_str!("status.json")).unwrap();
        let collector = status["collector"].as_object_mut().unwrap();
        collector.extend(changes.as_object().unwrap().clone());
        let status: crate::backend::Status = serde_json::from_value(status).unwrap();
        finding(&status.collector).unwrap()
    }

    fn exit() -> Value {
        let last_words = "2026/11/26 collector server run finished\nError: bind: address in use\n";
        json!({"time_unix_nano": "1", "status": "exit status: 1", "last_words": last_words})
    }

    #[test]
    fn a_collector_that_runs_is_named_with_its_version_and_process() {
        let found = found(&json!({}));
        assert_eq!(found.mark, Mark::Well);
        let what = "otelcol 0.159.0 (/usr/local/bin/otelcol), pid 4711";
        assert_eq!(found.what, what);
    }

    #[test]
    fn one_that_was_started_again_says_how_it_ended() {
        let found = found(&json!({"restarts": 1, "last_exit": exit()}));
        assert_eq!(
            (found.mark, found.code),
            (Mark::Note, "collector_restarted")
        );
        assert!(
            found.what.ends_with(
                "again once; it ended with exit status: 1, its last words \"Error: bind: address in use\""
            ),
            "{found:?}"
        );
    }

    #[test]
    fn each_state_that_is_not_well_is_known() {
        for (state, mark, code) in [
            ("fallen_back", Mark::Broken, "collector_stopped"),
            ("stopped", Mark::Broken, "collector_stopped"),
            ("starting", Mark::Broken, "collector_not_ready"),
            ("restarting", Mark::Broken, "collector_not_ready"),
        ] {
            let found = found(&json!({"state": state, "pid": null, "last_exit": exit()}));
            assert_eq!((found.mark, found.code), (mark, code), "{found:?}");
            assert!(found.what.contains("otelcol 0.159.0"), "{found:?}");
            assert!(found.what.contains("address in use"), "{found:?}");
        }
    }

    #[test]
    fn a_backend_that_stands_in_says_for_what() {
        let changes = json!({"mode": "embedded", "state": "fallen_back", "last_exit": exit()});
        let found = found(&changes);
        assert_eq!(
            (found.mark, found.code),
            (Mark::Note, "collector_fallen_back")
        );
        assert!(found.what.contains("receives by itself"), "{found:?}");
        assert!(found.what.contains("address in use"), "{found:?}");
    }

    #[test]
    fn what_an_exporter_could_not_hand_on_is_told() {
        let loss = json!({"items": 512, "last_error": "connection refused", "last_unix_nano": 1});
        let lost_one: Collector =
            serde_json::from_value(json!({"lost": {"otlp_http/remote": loss}})).unwrap();
        let found: Vec<Finding> = lost(&lost_one).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].code, "collector_lost");
        let what = &found[0].what;
        assert!(
            what.starts_with(
                "its exporter otlp_http/remote could not hand on at least 512 records"
            )
        );
        assert!(what.ends_with("days ago: connection refused"), "{what}");
    }

    #[test]
    fn a_backend_without_one_says_why() {
        let embedded = json!({"mode": "embedded", "reason": "no otelcol was found"});
        let found = found(&embedded);
        assert_eq!(found.mark, Mark::Well);
        let what = "the backend receives by itself (embedded: no otelcol was found)";
        assert_eq!(found.what, what);
    }
}
