//! Scans: what they yield, in which order, and which records they read.

use std::cell::Cell;

use glassbox_otlp::proto::Message;
use glassbox_otlp::proto::metrics::v1::Metric;
use glassbox_otlp::proto::trace::v1::Span;
use glassbox_otlp::wire::Record;
use glassbox_store::{
    LogColumns, PointColumns, Predicate, Retention, SegmentStore, SpanColumns, Text, fetch,
};
use tempfile::TempDir;

use crate::requests::{gauges, logs, span, spans, text, trace};

fn store() -> (TempDir, SegmentStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SegmentStore::open(folder.path(), Retention::default(), || 1).unwrap();
    (folder, store)
}

/// A span in the naive model.
#[derive(Clone)]
struct Modelled {
    trace: u8,
    service: &'static str,
    name: &'static str,
    start: u64,
    is_error: bool,
}

#[test]
fn a_scan_yields_what_a_naive_filter_yields_in_the_order_of_arrival() {
    let (_folder, store) = store();
    let mut noise = 7_u64;
    let mut below = |bound: u64| {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (noise >> 33) % bound
    };
    let mut model: Vec<Modelled> = Vec::new();
    for _ in 0..60 {
        let service = ["agent", "tool"][below(2) as usize];
        let batch: Vec<Modelled> = (0..=below(9))
            .map(|_| Modelled {
                trace: u8::try_from(below(6)).unwrap() + 1,
                service,
                name: ["chat", "execute_tool", "plan"][below(3) as usize],
                // Zero means no time.
                start: below(99) + 1,
                is_error: below(4) == 0,
            })
            .collect();
        let encoded = batch
            .iter()
            .map(|one| span(one.trace, one.name, one.start, one.is_error));
        store.append(&spans(service, encoded.collect())).unwrap();
        model.extend(batch);
    }
    let view = store.view();
    let mut yielded = 0;
    for _ in 0..300 {
        let wanted_trace = (below(2) == 0).then(|| u8::try_from(below(8)).unwrap() + 1);
        let service = [None, Some("agent"), Some("nobody")][below(3) as usize];
        let name = [None, None, Some("chat")][below(3) as usize];
        let since = (below(2) == 0).then(|| below(100));
        let until = (below(2) == 0).then(|| below(100));
        let errors_only = below(3) == 0;
        let first = below(100) + 1;
        let numbers = (below(3) == 0).then(|| first..first + below(100));
        let mut predicate = Predicate::default()
            .trace_id(wanted_trace.map(trace))
            .service(service)
            .name(name)
            .since(since)
            .until(until)
            .errors_only(errors_only);
        if let Some(numbers) = &numbers {
            predicate = predicate.sequences(numbers.clone());
        }
        let fits = |number: u64, one: &Modelled| {
            wanted_trace.is_none_or(|id| one.trace == id)
                && service.is_none_or(|service| one.service == service)
                && name.is_none_or(|name| one.name == name)
                && since.is_none_or(|since| one.start >= since)
                && until.is_none_or(|until| one.start <= until)
                && (one.is_error || !errors_only)
                && numbers.as_ref().is_none_or(|range| range.contains(&number))
        };
        let expected: Vec<(u64, u64)> = (1..)
            .zip(&model)
            .filter(|(number, one)| fits(*number, one))
            .map(|(number, one)| (number, one.start))
            .collect();
        let hits = view.scan::<SpanColumns>(&predicate).hits();
        let found: Vec<(u64, u64)> = hits
            .map(|hit| (hit.sequence(), hit.columns().start()))
            .collect();
        assert_eq!(found, expected, "{predicate:?}");
        let mut told = Vec::new();
        view.scan::<SpanColumns>(&predicate)
            .each(|span, is_wanted| told.push((span.start(), is_wanted)));
        assert_eq!(told.len(), model.len());
        let wanted = told.into_iter().filter(|(_, is_wanted)| *is_wanted);
        let starts: Vec<u64> = wanted.map(|(start, _)| start).collect();
        let expected: Vec<u64> = expected.iter().map(|(_, start)| *start).collect();
        assert_eq!(starts, expected, "{predicate:?}");
        yielded += found.len();
    }
    assert!(
        yielded > 1_000,
        "the predicates let nothing through: {yielded}"
    );
}

#[test]
fn records_come_with_the_places_of_their_hits_whatever_the_order_of_these() {
    let (_folder, store) = store();
    for start in [10, 20, 30] {
        let two = vec![span(1, "a", start, false), span(1, "b", start + 1, false)];
        store.append(&spans("agent", two)).unwrap();
    }
    let view = store.view();
    let all = Predicate::default();
    let mut hits: Vec<_> = view.scan::<SpanColumns>(&all).hits().collect();
    hits.reverse();
    hits.remove(1);
    let mut starts = vec![0; hits.len()];
    fetch(&hits, |record, places| {
        let span = Span::decode(record.body).unwrap();
        assert_eq!(places.len(), 1, "a span is a record of its own");
        starts[places[0]] = span.start_time_unix_nano;
    });
    assert_eq!(starts, [31, 21, 20, 11, 10]);
}

#[test]
fn the_points_of_a_metric_come_with_one_record_and_their_places_in_it() {
    let (_folder, store) = store();
    store
        .append(&gauges(&[("a", &[1, 2, 3]), ("b", &[4, 5]), ("a", &[6])]))
        .unwrap();
    let view = store.view();
    let (all, mut seen) = (Predicate::default().since(Some(2)), Vec::new());
    let hits: Vec<_> = view.scan::<PointColumns>(&all).hits().collect();
    fetch(&hits, |record, places| {
        let metric = Metric::decode(record.body).unwrap();
        let points = places.iter().map(|place| hits[*place].place());
        seen.push((metric.name, points.collect::<Vec<_>>()));
    });
    let expected = [("a", vec![1, 2]), ("b", vec![0, 1]), ("a", vec![0])];
    assert_eq!(
        seen,
        expected.map(|(name, points)| (name.to_owned(), points))
    );
}

/// Searches for a text in names and attributes, and counts the records that it searches.
struct Counting {
    text: &'static str,
    read: Cell<usize>,
}

impl Text<SpanColumns> for Counting {
    fn is_in_columns(&self, span: &SpanColumns) -> bool {
        span.name().contains(self.text)
    }

    fn is_in_record(&self, record: &Record<'_>) -> bool {
        self.read.set(self.read.get() + 1);
        let span = Span::decode(record.body).unwrap();
        let mut attributes = span.attributes.iter();
        attributes.any(|attribute| attribute.key.contains(self.text))
    }
}

#[test]
fn a_search_reads_only_records_whose_columns_leave_it_open_and_only_as_far_as_it_goes() {
    let (_folder, store) = store();
    let tagged = |name: &str| Span {
        attributes: vec![text("needle", "")],
        ..span(1, name, 5, false)
    };
    let plain = |name: &str| span(1, name, 5, false);
    let first = vec![
        plain("needle"),
        plain("hay"),
        tagged("hay"),
        span(2, "hay", 5, false),
    ];
    store.append(&spans("agent", first)).unwrap();
    store.append(&spans("agent", vec![tagged("hay")])).unwrap();
    let view = store.view();
    let search = Counting {
        text: "needle",
        read: Cell::new(0),
    };
    let predicate = Predicate::default().trace_id(Some(trace(1)));
    let scan = view.scan::<SpanColumns>(&predicate);
    let mut hits = scan.containing(Some(&search)).hits();
    let numbers: Vec<u64> = hits.by_ref().take(2).map(|hit| hit.sequence()).collect();
    assert_eq!(numbers, [1, 3]);
    assert_eq!(search.read.get(), 2, "the second block was not asked for");
    assert_eq!(hits.next().unwrap().sequence(), 5);
    assert!(hits.next().is_none());
    assert_eq!(search.read.get(), 3);
}

#[test]
fn blocks_without_any_of_the_traces_are_skipped() {
    let (_folder, store) = store();
    for number in 1..=3 {
        let two = vec![span(number, "a", 1, false), span(number, "b", 2, false)];
        store.append(&spans("agent", two)).unwrap();
    }
    let view = store.view();
    assert_eq!(view.count_traces(), 3);
    let (all, wanted) = (Predicate::default(), |id: &[u8; 16]| *id == trace(2));
    let scan = view.scan::<SpanColumns>(&all).near_traces(&wanted);
    let numbers: Vec<u64> = scan.hits().map(|hit| hit.sequence()).collect();
    assert_eq!(numbers, [3, 4]);
}

#[test]
fn signals_are_numbered_and_scanned_apart() {
    let (_folder, store) = store();
    store.append(&logs(&[7, 8])).unwrap();
    store
        .append(&spans("agent", vec![span(1, "a", 9, false)]))
        .unwrap();
    store.append(&logs(&[6])).unwrap();
    let view = store.view();
    let (all, none) = (Predicate::default(), Predicate::default().since(Some(10)));
    let times = |predicate| {
        let hits = view.scan::<LogColumns>(predicate).hits();
        hits.map(|hit| (hit.sequence(), hit.columns().time()))
            .collect::<Vec<_>>()
    };
    assert_eq!(times(&all), [(1, 7), (2, 8), (3, 6)]);
    assert_eq!(times(&none), []);
    assert_eq!(view.first_sequence::<LogColumns>(), Some(1));
    assert_eq!(view.first_sequence::<PointColumns>(), None);
    let records = view.records();
    assert_eq!(
        (records.spans, records.log_records, records.data_points),
        (1, 3, 0)
    );
}
