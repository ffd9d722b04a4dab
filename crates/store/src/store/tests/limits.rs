//! Retention by size, count and age; what was pruned is counted and stays counted.

use std::fs;

use super::*;
use crate::retention::{Size, nanos};

fn on_disk(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let segments = files.filter(|entry| entry.path().extension().is_some_and(|end| end == "seg"));
    segments.map(|entry| entry.metadata().unwrap().len()).sum()
}

#[test]
fn the_oldest_go_before_the_cap_is_passed_and_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let retention = Retention {
        max_bytes: 300_000,
        ..roomy()
    };
    let store = SegmentStore::open(folder.path(), retention.clone(), now).unwrap();
    for number in 1..=200 {
        store.append(&span(number, 5_000)).unwrap();
        let shown: u64 = store
            .view()
            .segments
            .iter()
            .map(|segment| segment.bytes)
            .sum();
        assert!(on_disk(folder.path()) <= 300_000, "after {number}");
        assert_eq!(on_disk(folder.path()), shown, "after {number}");
    }
    let left = stored(&store);
    let pruned = store.view().pruned;
    assert_eq!(left.last(), Some(&200));
    assert!(
        left.len() > 20,
        "one eviction must not empty the store: {}",
        left.len()
    );
    assert_eq!(pruned.spans + left.len() as u64, 200);
    let before = pruned.before_unix_nano.unwrap();
    assert!(
        before <= now(),
        "the times of the spans are unusable, so it is an arrival"
    );
    assert!(pruned.segments > 0 && pruned.bytes > 0);
    drop(store);

    let store = SegmentStore::open(folder.path(), retention, now).unwrap();
    assert_eq!(store.view().pruned, pruned);
    assert_eq!(stored(&store), left);
}

#[test]
fn a_request_that_fits_only_alone_replaces_everything_and_a_larger_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = SegmentStore::open(
        folder.path(),
        Retention {
            max_bytes: 300_000,
            ..roomy()
        },
        now,
    )
    .unwrap();
    store.append(&span(1, 40_000)).unwrap();
    // Incompressible text of 90 letters packs to about 81 %.
    store.append(&span(2, 340_000)).unwrap();
    assert_eq!(stored(&store), [2]);
    assert_eq!(store.view().pruned.spans, 1);
    let refused = store.append(&span(3, 400_000));
    assert!(
        matches!(
            refused,
            Err(AppendError::TooLarge {
                max_bytes: 300_000,
                ..
            })
        ),
        "{refused:?}"
    );
    assert_eq!(stored(&store), [2]);
    assert!(on_disk(folder.path()) <= 300_000);
}

#[test]
fn more_records_than_allowed_evict_the_oldest() {
    let folder = tempfile::tempdir().unwrap();
    let retention = Retention {
        max_records: 160,
        ..roomy()
    };
    let store = SegmentStore::open(folder.path(), retention, now).unwrap();
    for number in 1..=400 {
        store.append(&span(number, 0)).unwrap();
    }
    let left = stored(&store);
    assert!(left.len() <= 160 && left.len() > 120, "{}", left.len());
    assert_eq!(left.last(), Some(&400));
    assert_eq!(store.view().pruned.spans + left.len() as u64, 400);
}

#[test]
fn segments_that_arrived_too_long_ago_go() {
    let folder = tempfile::tempdir().unwrap();
    let hour = Duration::from_secs(3600);
    let retention = Retention {
        max_age: Some(hour),
        ..roomy()
    };
    let store = SegmentStore::open(folder.path(), retention, now).unwrap();
    let mut guard = store.inner.lock();
    let writer = guard.as_mut().unwrap();
    let start = now();
    let minute = 60_000_000_000;
    for number in 0..120 {
        let time = start + number * minute;
        let batch = span(number, 0);
        let rows = index::rows(
            Signal::Traces,
            batch.bytes(),
            time,
            &store.inner.names,
            ROOM,
        )
        .unwrap();
        let range = rows.time_range();
        let mut frame = Frame::pack(Signal::Traces, batch.bytes(), 1, range, time).unwrap();
        writer.append(&mut frame, rows, time).unwrap();
    }
    drop(guard);
    let left = stored(&store);
    assert_eq!(left.last(), Some(&119));
    // Retention by age is exact to one sixteenth of the age, the span of a segment.
    assert!(
        left[0] >= 119 - 60 - 5 && left[0] <= 119 - 59 + 5,
        "{}",
        left[0]
    );
}

#[test]
fn what_was_decided_before_a_crash_is_done_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.append(&span(1, 0)).unwrap();
    store.close().unwrap();
    let view = store.view();
    // The account was written, but the file was not yet removed.
    view.pruned
        .with(&view.segments[0])
        .save(&store.inner.folder)
        .unwrap();
    drop(store);
    let store = open(folder.path());
    assert_eq!(stored(&store), [0_u64; 0]);
    assert_eq!(store.view().pruned.spans, 1);
    store.append(&span(2, 0)).unwrap();
    drop(store);
    assert_eq!(stored(&open(folder.path())), [2]);
}

#[test]
fn what_is_too_old_goes_even_when_nothing_follows_it() {
    let folder = tempfile::tempdir().unwrap();
    let hour = Duration::from_secs(3600);
    let retention = Retention {
        max_age: Some(hour),
        ..roomy()
    };
    let store = SegmentStore::open(folder.path(), retention.clone(), now).unwrap();
    store.append(&span(1, 0)).unwrap();
    let (soon, later) = (now() + nanos(hour) / 2, now() + nanos(hour) * 2);
    let prune = |store: &SegmentStore, at| {
        let pruned = store
            .inner
            .change(|writer| writer.make_room(Size::default(), at));
        pruned.unwrap();
    };
    prune(&store, soon);
    assert_eq!(stored(&store), [1]);
    prune(&store, later);
    assert_eq!(stored(&store), [0_u64; 0]);
    assert_eq!(on_disk(folder.path()), 0);
    assert_eq!(store.view().pruned.spans, 1);
    drop(store);

    // The numbers continue: a client may have the last one as its cursor.
    let store = SegmentStore::open(folder.path(), retention, now).unwrap();
    store.append(&span(2, 0)).unwrap();
    let first = store.view().segments[0].blocks[0].header.first_sequence;
    assert_eq!(first, 2);
}

#[test]
fn an_hour_in_which_the_clock_was_ahead_does_not_keep_everything_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let hour = Duration::from_secs(3600);
    let retention = Retention {
        max_age: Some(hour),
        ..roomy()
    };
    let store = SegmentStore::open(folder.path(), retention, now).unwrap();
    let (start, year) = (now(), nanos(hour) * 24 * 365);
    let append = |number: u64, time: u64| {
        let batch = span(number, 0);
        let rows = index::rows(
            Signal::Traces,
            batch.bytes(),
            time,
            &store.inner.names,
            ROOM,
        )
        .unwrap();
        let range = rows.time_range();
        let mut frame = Frame::pack(Signal::Traces, batch.bytes(), 1, range, time).unwrap();
        let mut guard = store.inner.lock();
        let writer = guard.as_mut().unwrap();
        writer.append(&mut frame, rows, time).unwrap();
    };
    append(1, start + year);
    store.inner.lock().as_mut().unwrap().close_active().unwrap();
    for number in 2..=10 {
        append(number, start + (number - 2) * nanos(hour) / 2);
    }
    let left = stored(&store);
    assert!(left[0] > 5, "{left:?}");
}

#[test]
fn names_of_what_was_refused_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let retention = Retention {
        max_bytes: 300_000,
        ..roomy()
    };
    let store = SegmentStore::open(folder.path(), retention, now).unwrap();
    store.append(&span(1, 0)).unwrap();
    let kept = store.inner.names.len();
    for number in 2..5 {
        store.append(&span(number, 400_000)).unwrap_err();
    }
    store.close().unwrap();
    for number in 5..10 {
        store.append(&span(number, 0)).unwrap_err();
    }
    assert_eq!(store.inner.names.len(), kept);
}

/// One request with `count` spans and nothing else in them.
fn many(count: usize) -> Batch {
    let scope_spans = vec![ScopeSpans {
        spans: vec![Span::default(); count],
        ..ScopeSpans::default()
    }];
    Batch::new(Request::Traces(ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans,
            ..ResourceSpans::default()
        }],
    }))
}

#[test]
fn requests_of_many_small_records_stay_within_the_limit_and_within_it_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let retention = Retention {
        max_records: 100_000,
        ..roomy()
    };
    let store = SegmentStore::open(folder.path(), retention.clone(), now).unwrap();
    let held = |store: &SegmentStore| store.view().records().spans;
    for _ in 0..6 {
        store.append(&many(60_000)).unwrap();
        assert!(held(&store) <= 100_000, "{}", held(&store));
    }
    let refused = store.append(&many(70_000));
    assert!(
        matches!(
            refused,
            Err(AppendError::TooMany {
                max_records: 65_536
            })
        ),
        "{refused:?}"
    );
    drop(store);
    let store = SegmentStore::open(folder.path(), retention, now).unwrap();
    assert_eq!(held(&store), 60_000);
}

#[test]
fn names_that_fill_the_index_count_as_its_memory() {
    let folder = tempfile::tempdir().unwrap();
    let retention = Retention {
        max_records: 20_000,
        ..roomy()
    };
    let store = SegmentStore::open(folder.path(), retention.clone(), now).unwrap();
    let named = |number: usize, count: usize| {
        let spans = (0..count).map(|at| Span {
            name: format!("{number} {at} {}", "n".repeat(1_000)),
            ..Span::default()
        });
        let scope_spans = vec![ScopeSpans {
            spans: spans.collect(),
            ..ScopeSpans::default()
        }];
        Batch::new(Request::Traces(ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                scope_spans,
                ..ResourceSpans::default()
            }],
        }))
    };
    for number in 0..30 {
        store.append(&named(number, 1_000)).unwrap();
        let memory: u64 = store.view().segments.iter().map(|one| one.memory).sum();
        assert!(memory <= retention.memory(), "{memory}");
    }
    assert!(store.view().pruned.spans > 0);
    assert!(
        store.inner.names.len() < 8_000,
        "{}",
        store.inner.names.len()
    );
    let refused = store.append(&named(99, 3_000));
    assert!(
        matches!(refused, Err(AppendError::NamesTooLong { .. })),
        "{refused:?}"
    );
    drop(store);
    let tight = Retention {
        max_records: 2_000,
        ..retention
    };
    let store = SegmentStore::open(folder.path(), tight.clone(), now).unwrap();
    let view = store.view();
    let memory: u64 = view.segments.iter().map(|one| one.memory).sum();
    assert!(memory <= tight.memory(), "{memory}");
    assert!(view.records().spans <= 2_000 && view.records().spans > 0);
}

#[test]
fn a_lowered_limit_keeps_the_newest_records_and_counts_the_others_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for number in 1..=100 {
        store.append(&span(number, 0)).unwrap();
    }
    drop(store);
    let low = Retention {
        max_records: 10,
        ..roomy()
    };
    for _ in 0..3 {
        let store = SegmentStore::open(folder.path(), low.clone(), now).unwrap();
        assert_eq!(stored(&store), (91..=100).collect::<Vec<_>>());
        assert_eq!(store.view().pruned.spans, 90);
    }
    let store = open(folder.path());
    store.append(&span(101, 0)).unwrap();
    let left = stored(&store);
    assert_eq!(
        (left[0], left.len()),
        (91, 11),
        "what was pruned stays pruned"
    );
    let view = store.view();
    let last = view.segments.last().unwrap().blocks.last().unwrap();
    assert_eq!(last.header.first_sequence, 101);
}
