//! Tests of the store: restarts, damage, limits and a disk that fails.

mod damage;
mod disk;
mod foreign;
mod limits;
mod wire_rows;

use std::path::Path;

use glassbox_otlp::proto::common::v1::any_value::Value;
use glassbox_otlp::proto::common::v1::{AnyValue, KeyValue};
use glassbox_otlp::proto::resource::v1::Resource;
use glassbox_otlp::proto::trace::v1::{ResourceSpans, ScopeSpans, Span};
use glassbox_otlp::proto::{ExportTraceServiceRequest, Message};
use glassbox_otlp::{Batch, Request};

use std::time::{SystemTime, UNIX_EPOCH};

use super::*;
use crate::attributes::Count;
use crate::columns::{LogColumns, PointColumns, SpanColumns};

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_nanos()).unwrap()
}

/// A store that keeps everything that a test stores.
fn open(directory: &Path) -> SegmentStore {
    SegmentStore::open(directory, roomy(), now).unwrap()
}

fn roomy() -> Retention {
    Retention {
        max_bytes: 64 << 20,
        max_age: None,
        max_records: 1_000_000,
    }
}

/// Room for everything.
const ROOM: Room = Room {
    records: u64::MAX,
    names: u64::MAX,
};

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue {
        value: Some(Value::StringValue(value.to_owned())),
    });
    KeyValue {
        key: key.to_owned(),
        value,
        ..KeyValue::default()
    }
}

/// One request with one span; `filler` makes it that many bytes longer, incompressibly.
fn span(number: u64, filler: usize) -> Batch {
    let mut noise = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let filler = (0..filler).map(|_| {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        char::from(b'!' + (noise % 90) as u8)
    });
    let span = Span {
        trace_id: [[7; 8], number.to_be_bytes()].concat(),
        span_id: number.to_be_bytes().to_vec(),
        name: format!("span {number}"),
        start_time_unix_nano: number,
        end_time_unix_nano: number + 1,
        attributes: vec![text("filler", &filler.collect::<String>())],
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span],
        ..ScopeSpans::default()
    }];
    let attributes = vec![text("service.name", "tests")];
    let resource = Some(Resource {
        attributes,
        ..Resource::default()
    });
    let group = ResourceSpans {
        resource,
        scope_spans,
        ..ResourceSpans::default()
    };
    Batch::new(Request::Traces(ExportTraceServiceRequest {
        resource_spans: vec![group],
    }))
}

/// Returns the numbers of the stored spans, read from the files and not from the index.
fn stored(store: &SegmentStore) -> Vec<u64> {
    let view = store.view();
    let mut numbers = Vec::new();
    for segment in &view.segments {
        for block in segment.blocks.iter() {
            let bytes = segment.segment.read(block).unwrap();
            let request = ExportTraceServiceRequest::decode(&bytes[..]).unwrap();
            let spans = request
                .resource_spans
                .iter()
                .flat_map(|group| &group.scope_spans);
            let spans = spans.flat_map(|scope| &scope.spans);
            numbers.extend(spans.map(|span| span.start_time_unix_nano));
        }
    }
    numbers
}

#[test]
fn what_was_stored_is_read_back_byte_for_byte_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    // Below and above the size from which blocks are compressed.
    let batches = [span(1, 0), span(2, 5_000)];
    let store = open(folder.path());
    for batch in &batches {
        store.append(batch).unwrap();
    }
    store.close().unwrap();
    assert!(matches!(
        store.append(&batches[0]),
        Err(AppendError::Closed)
    ));
    drop(store);

    let store = open(folder.path());
    let view = store.view();
    let blocks: Vec<_> = view.segments[0].blocks.iter().collect();
    for (block, batch) in blocks.iter().zip(&batches) {
        assert_eq!(
            *view.segments[0].segment.read(block).unwrap(),
            *batch.bytes()
        );
    }
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[1].header.first_sequence, 2);
    assert!(store.recovered().is_empty());
}

#[test]
fn a_restart_goes_on_in_the_same_segment_and_with_the_next_number() {
    let folder = tempfile::tempdir().unwrap();
    for start in 1..=5 {
        let store = open(folder.path());
        store.append(&span(start, 0)).unwrap();
        drop(store);
    }
    let store = open(folder.path());
    assert_eq!(stored(&store), [1, 2, 3, 4, 5]);
    let view = store.view();
    assert_eq!(view.segments.len(), 1);
    let numbers = view.segments[0]
        .blocks
        .iter()
        .map(|block| block.header.first_sequence);
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

#[test]
fn a_view_stays_as_it_was_while_the_store_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = SegmentStore::open(
        folder.path(),
        Retention {
            max_bytes: 256 << 10,
            max_age: None,
            max_records: 1_000_000,
        },
        now,
    )
    .unwrap();
    store.append(&span(1, 10_000)).unwrap();
    let view = store.view();
    for number in 2..100 {
        store.append(&span(number, 10_000)).unwrap();
    }
    assert!(store.view().pruned.spans > 0);
    assert_eq!(view.segments.len(), 1);
    assert_eq!(view.segments[0].blocks.len(), 1);
    // Its segment is unlinked by now and still readable.
    assert!(!view.segments[0].segment.path.exists());
    assert!(
        view.segments[0]
            .segment
            .read(&view.segments[0].blocks[0])
            .is_ok()
    );
}

#[test]
fn the_index_takes_a_few_words_per_record() {
    assert!(size_of::<SpanColumns>() <= 96);
    assert!(size_of::<LogColumns>() <= 56);
    assert!(size_of::<PointColumns>() <= 40);
}

#[test]
fn names_are_kept_once_and_forgotten_with_their_last_record() {
    let names = Names::default();
    let (first, _) = names.name("chat");
    assert!(Arc::ptr_eq(&first, &names.name("chat").0));
    drop(first);
    names.sweep();
    let (again, _) = names.name("chat");
    assert_eq!(Arc::strong_count(&again), 2);
}
