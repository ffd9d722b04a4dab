//! The stored OTLP of a trace, part by part.

use glassbox_otlp::json;
use glassbox_otlp::proto::common::v1::InstrumentationScope;
use glassbox_otlp::proto::resource::v1::Resource;
use glassbox_otlp::proto::trace::v1::{ResourceSpans, ScopeSpans};
use glassbox_store::{Distinct, Hit, Predicate, SpanColumns, fetch};

use super::Query;
use super::record::decode;

/// How many encoded bytes of spans are in one part; a part always has one span.
const PART_BYTES: usize = 1 << 20;

/// A part of an export.
#[derive(Debug)]
pub(crate) struct ExportPart {
    /// `ResourceSpans` as OTLP/JSON.
    pub(crate) groups: Vec<String>,
    /// The number with which the next part begins; `None` after the last part.
    pub(crate) next: Option<u64>,
}

impl Query {
    /// Returns the part of a trace that begins at record `from`, in the order of arrival; `None` if there
    /// is no such part. Spans that were exported again unchanged are in it once.
    pub(crate) fn export(&self, trace_id: &[u8; 16], from: u64) -> Option<ExportPart> {
        let view = self.view();
        let trace = Predicate::default().trace_id(Some(*trace_id));
        let all = Distinct::new(view.scan::<SpanColumns>(&trace).hits().collect());
        let rest = all.spans.into_iter().filter(|hit| hit.sequence() >= from);
        let rest: Vec<Hit<'_, SpanColumns>> = rest.collect();
        let mut bytes = 0;
        let fitting = rest.iter().take_while(|hit| {
            bytes += hit.size();
            bytes <= PART_BYTES
        });
        let count = fitting.count().max(1);
        let part = rest.get(..count)?;
        let mut groups: Vec<ResourceSpans> = Vec::new();
        let mut last = None;
        fetch(part, |record, _| {
            // Spans of one scope are adjacent in a request.
            let origin = (record.resource.as_ptr(), record.scope.as_ptr());
            if last != Some(origin) {
                last = Some(origin);
                groups.push(ResourceSpans {
                    resource: Some(decode::<Resource>(record.resource)),
                    scope_spans: vec![ScopeSpans {
                        scope: Some(decode::<InstrumentationScope>(record.scope)),
                        ..ScopeSpans::default()
                    }],
                    ..ResourceSpans::default()
                });
            }
            let scope = groups
                .last_mut()
                .and_then(|group| group.scope_spans.last_mut());
            if let Some(scope) = scope {
                scope.spans.push(decode(record.body));
            }
        });
        Some(ExportPart {
            groups: groups.iter().map(json::to_string).collect(),
            next: rest.get(count).map(Hit::sequence),
        })
    }
}
