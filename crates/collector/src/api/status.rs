//! `/api/status`: the running components, the stored data, and the losses.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use glassbox_otlp::StatsSnapshot;
use glassbox_store::View;
use serde_json::{Map, Value, json};

use super::params::Params;
use super::{Api, Failure, answer};
use crate::overload;

/// The number of traces, cached until the number of spans changes.
#[derive(Debug, Default)]
pub(crate) struct TraceCount {
    last: Mutex<Option<((u64, u64), usize)>>,
}

impl TraceCount {
    fn get(&self, view: &View, spans: u64, count: impl FnOnce() -> usize) -> usize {
        let key = (spans, view.pruned().spans);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match *last {
            Some((known, traces)) if known == key => traces,
            _ => {
                let traces = count();
                *last = Some((key, traces));
                traces
            }
        }
    }
}

/// `/health`: the process responds.
pub(super) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `/ready`: telemetry is received.
pub(super) async fn ready(State(api): State<Arc<Api>>) -> Response {
    let status = api.collector.borrow().clone();
    if status.receives() {
        return Json(json!({ "status": "ready" })).into_response();
    }
    let message = "telemetry is not received at the moment; /api/status has the reason";
    overload::respond(overload::busy("backend.not_ready", message))
}

pub(super) async fn status(
    State(api): State<Arc<Api>>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Failure> {
    Params::parse(raw.as_deref(), &[])?;
    let shared = Arc::clone(&api);
    answer(api, move |_| render(&shared)).await
}

fn render(api: &Api) -> Value {
    let view = api.store.view();
    let (held, pruned) = (view.records(), view.pruned());
    let traces = api.traces.get(&view, held.spans, || view.count_traces());
    let stats = api.receiver.stats().snapshot();
    let problem = api.store.problem();
    let notes: Vec<&String> = api.notes.iter().chain(&problem).collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started_unix_nano": api.started,
        "endpoints": api.endpoints,
        "collector": collector(api),
        "store": {
            "directory": api.store.directory(),
            "bytes": view.bytes(),
            "cap_bytes": api.store.max_bytes(),
            "segments": view.segments(),
            "problem": problem,
            "spans": held.spans,
            "log_records": held.log_records,
            "data_points": held.data_points,
            "traces": traces,
            "pruned": {
                "segments": pruned.segments,
                "bytes": pruned.bytes,
                "spans": pruned.spans,
                "log_records": pruned.log_records,
                "data_points": pruned.data_points,
                "before_unix_nano": pruned.before_unix_nano,
            },
        },
        "received": {
            "spans": stats.traces.received,
            "log_records": stats.logs.received,
            "data_points": stats.metrics.received,
        },
        "mended": {
            "spans": stats.traces.mended,
            "log_records": stats.logs.mended,
            "data_points": stats.metrics.mended,
        },
        "rejected": reasons(&stats, "rejected"),
        "refused": reasons(&stats, "refused"),
        "streams": {
            "subscribers": api.tail.subscribers(),
            "dropped": api.tail.dropped(),
        },
        "notes": notes,
    })
}

/// Renders the collector's status, archive and losses.
fn collector(api: &Api) -> Value {
    let status = api.collector.borrow().clone();
    let mut collector = json!(status);
    collector["running"] = json!(status.receives());
    collector["archive"] = json!(api.archive.as_ref().map(|archive| archive.status()));
    collector["lost"] = json!(api.losses.seen());
    collector
}

/// Returns the reasons that occurred, with their counts.
fn reasons(stats: &StatsSnapshot, field: &str) -> Map<String, Value> {
    let mut stats = serde_json::to_value(stats).unwrap_or_default();
    let Value::Object(mut reasons) = stats[field].take() else {
        return Map::new();
    };
    reasons.retain(|_, count| count.as_u64() != Some(0));
    reasons
}
