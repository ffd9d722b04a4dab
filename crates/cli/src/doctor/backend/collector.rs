//! Checks the receiver of a backend: embedded, or a collector that it runs.

use super::{Known, age};
use crate::{
    backend::{Collector, LastExit},
    doctor::finding::{Finding, Hop},
    elapsed,
};

impl Known {
    /// Findings about the receiver, its state, and data that its exporters dropped.
    pub(in crate::doctor) fn collector(&self) -> Vec<Finding> {
        let collector = &self.status().collector;
        let mut findings = Vec::from_iter(finding(collector));
        findings.extend(lost(collector));
        findings
    }

    /// The process id of its collector.
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
            let what = format!("{line}, is running and was restarted {times}{last_exit}");
            let fix =
                "data that it held when it exited may be lost; fix the cause in its last log line";
            Finding::note(Hop::Collector, "collector_restarted", what).fix(fix)
        }
        "fallen_back" if !collector.is_otelcol() => {
            let what = format!("{line}: its collector exited too often{last_exit}");
            let fix = "fix the cause in its last log line, and restart the backend";
            Finding::note(Hop::Collector, "collector_fallen_back", what).fix(fix)
        }
        state @ ("stopped" | "fallen_back") => {
            let state = state.replace('_', " ");
            let what = format!("{line} is {state}, and nothing receives telemetry{last_exit}");
            let fix = "restart the backend";
            Finding::broken(Hop::Collector, "collector_stopped", what, fix)
        }
        state => {
            let what = format!("{line} is {state} and does not receive telemetry{last_exit}");
            let fix = "wait a few seconds and check again; if it persists, fix the cause in its last \
                        log line";
            Finding::broken(Hop::Collector, "collector_not_ready", what, fix)
        }
    };
    Some(found)
}

/// A short description of the receiver.
pub(super) fn named(collector: &Collector) -> String {
    if !collector.is_otelcol() {
        let reason = collector.reason.as_ref();
        let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        return format!("the backend uses its embedded receiver{reason}");
    }
    collector.program()
}

/// Findings about data that the collector's exporters dropped.
fn lost(collector: &Collector) -> impl Iterator<Item = Finding> {
    collector.lost.iter().map(|(exporter, loss)| {
        let last = age(loss.last_unix_nano);
        let last = last.map_or_else(String::new, |last| {
            format!(", the last {} ago", elapsed::age(last))
        });
        let what = format!(
            "its exporter {exporter} dropped at least {} records{last}: {}",
            loss.items,
            loss.last_error.trim()
        );
        let fix = "check that its destination is running, reachable from there, and has capacity";
        Finding::note(Hop::Collector, "collector_lost", what).fix(fix)
    })
}

/// Describes an exit with the last log line; the backend's log has the rest.
fn ended_with(exit: &LastExit) -> String {
    let words = exit.last_words.lines().rev().map(str::trim);
    let last = words.into_iter().find(|line| !line.is_empty());
    let words = last.map_or_else(String::new, |line| format!(", last log line \"{line}\""));
    format!("; it exited with {}{words}", exit.status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Mark;
    use serde_json::{Value, json};

    /// The finding for a recorded `collector` of `/api/status`, with these changes.
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
                "restarted once; it exited with exit status: 1, last log line \"Error: bind: address in use\""
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
        assert!(found.what.contains("embedded receiver"), "{found:?}");
        assert!(found.what.contains("address in use"), "{found:?}");
    }

    #[test]
    fn dropped_data_of_an_exporter_is_reported() {
        let loss = json!({"items": 512, "last_error": "connection refused", "last_unix_nano": 1});
        let lost_one: Collector =
            serde_json::from_value(json!({"lost": {"otlp_http/remote": loss}})).unwrap();
        let found: Vec<Finding> = lost(&lost_one).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].code, "collector_lost");
        let what = &found[0].what;
        assert!(what.starts_with("its exporter otlp_http/remote dropped at least 512 records"));
        assert!(what.ends_with("days ago: connection refused"), "{what}");
    }

    #[test]
    fn a_backend_without_one_says_why() {
        let embedded = json!({"mode": "embedded", "reason": "no otelcol was found"});
        let found = found(&embedded);
        assert_eq!(found.mark, Mark::Well);
        let what = "the backend uses its embedded receiver (no otelcol was found)";
        assert_eq!(found.what, what);
    }
}
