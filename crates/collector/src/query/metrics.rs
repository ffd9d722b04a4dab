//! Metrics: a list, and the points of one by series.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use glassbox_otlp::Signal;
use glassbox_otlp::wire::Record;
use glassbox_store::{Hit, Metric, PointColumns, View, fetch};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::Query;
use super::cursor::Cursor;
use super::cut::{Knife, Place};
use super::filter::Filter;
use super::fit::fit_with;
use super::needle::Needle;
use super::record::ValueRef;
use super::render::{add_cuts, attributes as render, resource, schema_url, scope};

mod points;

use points::{encoded, point};

/// The matching metrics, by name.
#[derive(Debug, Serialize)]
pub(crate) struct MetricList {
    total: usize,
    returned: usize,
    /// Whether there are more by name.
    truncated: bool,
    next: Option<Cursor>,
    metrics: Vec<MetricSummary>,
}

/// Summary of one metric.
#[derive(Debug, Serialize)]
pub(crate) struct MetricSummary {
    name: Box<str>,
    unit: Box<str>,
    description: Box<str>,
    kind: &'static str,
    monotonic: Option<bool>,
    temporality: Option<&'static str>,
    services: BTreeSet<Box<str>>,
    series: usize,
    points: u64,
    last_unix_nano: u64,
    /// How its senders' descriptions differ, as sentences. Each description has its own series.
    conflicts: Vec<String>,
}

/// The points of one metric; `total` and `returned` count points.
#[derive(Debug, Serialize)]
pub(crate) struct MetricPoints {
    total: usize,
    returned: usize,
    /// Whether there are older ones.
    truncated: bool,
    next: Option<Cursor>,
    /// Null if no such metric is stored.
    metric: Option<MetricSummary>,
    series: Vec<Series>,
}

/// A metric as one of its senders describes it.
type Shape<'v> = (&'static str, &'v str, Option<&'static str>, Option<bool>);

fn shape(metric: &Metric) -> Shape<'_> {
    let kind = metric.kind().as_str();
    (
        kind,
        metric.unit(),
        metric.temporality(),
        metric.monotonic(),
    )
}

/// How many descriptions of a metric are listed.
const MOST_SHAPES: usize = 20;

/// The points of one resource, scope, description and set of attributes, by time.
#[derive(Debug, Serialize)]
struct Series {
    service: Box<str>,
    instance: Option<Box<str>>,
    unit: Box<str>,
    kind: &'static str,
    monotonic: Option<bool>,
    temporality: Option<&'static str>,
    resource: Box<RawValue>,
    resource_schema_url: Option<String>,
    scope: Box<RawValue>,
    attributes: Box<RawValue>,
    points: Vec<Box<RawValue>>,
}

/// The sum over the rows of one metric.
struct Sum<'v> {
    /// The description of the newest point.
    metric: &'v Metric,
    services: BTreeSet<&'v str>,
    series: HashSet<u64>,
    shapes: BTreeSet<Shape<'v>>,
    points: u64,
    last: u64,
}

impl<'v> Sum<'v> {
    fn new(point: &'v PointColumns) -> Self {
        let (services, series) = (BTreeSet::new(), HashSet::new());
        Self {
            metric: point.metric(),
            services,
            series,
            shapes: BTreeSet::new(),
            points: 0,
            last: 0,
        }
    }

    fn add(&mut self, point: &'v PointColumns) {
        if point.time() >= self.last {
            (self.last, self.metric) = (point.time(), point.metric());
        }
        self.services.insert(point.source().service());
        self.series.insert(point.series());
        if self.shapes.len() < MOST_SHAPES {
            self.shapes.insert(shape(point.metric()));
        }
        self.points += 1;
    }

    fn summary(self) -> MetricSummary {
        let metric = self.metric;
        MetricSummary {
            name: metric.name().into(),
            unit: metric.unit().into(),
            description: metric.description().into(),
            kind: metric.kind().as_str(),
            monotonic: metric.monotonic(),
            temporality: metric.temporality(),
            services: self.services.into_iter().map(Into::into).collect(),
            series: self.series.len(),
            points: self.points,
            last_unix_nano: self.last,
            conflicts: conflicts(&self.shapes),
        }
    }
}

/// Describes how the descriptions of a metric differ; empty if there is only one.
fn conflicts(shapes: &BTreeSet<Shape<'_>>) -> Vec<String> {
    if shapes.len() < 2 {
        return Vec::new();
    }
    let said = shapes.iter().map(|(kind, unit, temporality, monotonic)| {
        let unit = match *unit {
            "" => "without a unit".to_owned(),
            unit => format!("in {unit}"),
        };
        let monotonic = match monotonic {
            Some(true) => "monotonic ",
            Some(false) => "non-monotonic ",
            None => "",
        };
        let temporality = temporality.map_or(String::new(), |name| format!("{name} "));
        format!("some senders record it as a {temporality}{monotonic}{kind} {unit}")
    });
    said.collect()
}

impl MetricSummary {
    /// Returns about how many bytes it has as JSON.
    fn size(&self) -> usize {
        const REST: usize = 256;
        let services = self.services.iter().map(|service| service.len() + 4);
        services.sum::<usize>() + self.name.len() + self.unit.len() + self.description.len() + REST
    }
}

impl Query {
    /// Lists metrics by name.
    pub(crate) fn metrics(&self, filter: &Filter) -> MetricList {
        let view = self.view();
        let mut sums: BTreeMap<&str, Sum<'_>> = BTreeMap::new();
        for hit in view.scan::<PointColumns>(&filter.predicate).hits() {
            let point = hit.columns();
            sums.entry(point.metric().name())
                .or_insert_with(|| Sum::new(point))
                .add(point);
        }
        let fits = |sum: &Sum<'_>| {
            filter.text.as_ref().is_none_or(|needle| {
                let metric = sum.metric;
                [metric.name(), metric.description(), metric.unit()]
                    .iter()
                    .any(|text| needle.is_in(text))
                    || sum.services.iter().any(|service| needle.is_in(service))
            })
        };
        let mut metrics: Vec<_> = sums.into_values().filter(fits).map(Sum::summary).collect();
        let total = metrics.len();
        // A cursor of this list is an index into it, because it is ordered by name.
        let first = filter
            .after
            .map_or(0, |after| usize::try_from(after.tie).unwrap_or(usize::MAX));
        let (mut kept, mut bytes) = (Vec::new(), 0);
        for metric in metrics.drain(first.min(total)..).take(filter.limit) {
            bytes += metric.size();
            if bytes > filter.bytes && !kept.is_empty() {
                break;
            }
            kept.push(metric);
        }
        let end = first.saturating_add(kept.len());
        let next = Cursor {
            time: 0,
            tie: end as u128,
        };
        let truncated = end < total;
        MetricList {
            total,
            returned: kept.len(),
            truncated,
            next: truncated.then_some(next),
            metrics: kept,
        }
    }

    /// Returns the newest points of the metric that the filter names, by series.
    pub(crate) fn metric(&self, filter: &Filter) -> MetricPoints {
        let view = self.view();
        let points = || view.scan::<PointColumns>(&filter.predicate).hits();
        let mut sum: Option<Sum<'_>> = None;
        for point in points().map(|hit| hit.columns()) {
            sum.get_or_insert_with(|| Sum::new(point)).add(point);
        }
        let chosen = filter
            .text
            .as_ref()
            .map(|needle| series_with(&view, filter, needle));
        let fits = |hit: &Hit<'_, PointColumns>| {
            chosen
                .as_ref()
                .is_none_or(|chosen| chosen.contains(&hit.columns().series()))
        };
        let mut fitting: Vec<_> = points().filter(fits).collect();
        let total = fitting.len();
        if let Some(after) = filter.after {
            fitting.retain(|hit| position(hit) < after);
        }
        let older = fitting.len();
        if filter.limit < older {
            fitting.select_nth_unstable_by_key(filter.limit, |hit| Reverse(position(hit)));
            fitting.truncate(filter.limit);
        }
        fitting.sort_unstable_by_key(|hit| Reverse(position(hit)));
        let (origins, mut known) = (RefCell::default(), HashSet::new());
        let make = |hits: &[_], record: &Record<'_>, places: &[_], made: &mut [_]| {
            render_points(hits, record, places, made, &mut origins.borrow_mut());
        };
        let made = fit_with(&fitting, filter.bytes, make, |hit, point| {
            let series = hit.columns().series();
            let is_new = known.insert(series);
            let origins = origins.borrow();
            let origin = origins.get(&series).filter(|_| is_new);
            point.get().len() + 1 + origin.map_or(0, Origin::size)
        });
        let mut origins: HashMap<u64, Origin> = origins.into_inner();
        let truncated = made.len() < older;
        let last = made
            .len()
            .checked_sub(1)
            .map(|last| position(&fitting[last]));
        let mut series: HashMap<u64, Collected<'_>> = HashMap::new();
        for (hit, point) in fitting.iter().zip(made) {
            let (columns, Some(point)) = (hit.columns(), point) else {
                continue;
            };
            let Some(entry) = (match series.entry(columns.series()) {
                Entry::Occupied(entry) => Some(entry.into_mut()),
                Entry::Vacant(entry) => origins.remove(&columns.series()).map(|origin| {
                    entry.insert(Collected {
                        columns,
                        origin,
                        points: Vec::new(),
                    })
                }),
            }) else {
                continue;
            };
            entry.points.push((columns.time(), point));
        }
        let mut series: Vec<Series> = series.into_values().map(Collected::into_series).collect();
        series.sort_by_cached_key(|one| {
            (
                one.service.clone(),
                one.instance.clone(),
                one.attributes.get().to_owned(),
                one.scope.get().to_owned(),
                one.resource.get().to_owned(),
                (one.kind, one.unit.clone()),
            )
        });
        let returned = series.iter().map(|series| series.points.len()).sum();
        MetricPoints {
            total,
            returned,
            truncated,
            next: last.filter(|_| truncated),
            metric: sum.map(Sum::summary),
            series,
        }
    }
}

/// Returns the position of a point in the order of time.
fn position(hit: &Hit<'_, PointColumns>) -> Cursor {
    Cursor {
        time: hit.columns().time(),
        tie: u128::from(hit.sequence()),
    }
}

/// A series while its points are collected.
struct Collected<'v> {
    columns: &'v PointColumns,
    origin: Origin,
    points: Vec<(u64, Box<RawValue>)>,
}

impl Collected<'_> {
    fn into_series(mut self) -> Series {
        self.points.sort_by_key(|(time, _)| *time);
        let (source, metric) = (self.columns.source(), self.columns.metric());
        Series {
            service: source.service().into(),
            instance: source.instance().map(Into::into),
            unit: metric.unit().into(),
            kind: metric.kind().as_str(),
            monotonic: metric.monotonic(),
            temporality: metric.temporality(),
            resource: self.origin.resource,
            resource_schema_url: self.origin.resource_schema_url,
            scope: self.origin.scope,
            attributes: self.origin.attributes,
            points: self.points.into_iter().map(|(_, point)| point).collect(),
        }
    }
}

/// What distinguishes a series from others, as JSON.
struct Origin {
    resource: Box<RawValue>,
    resource_schema_url: Option<String>,
    scope: Box<RawValue>,
    attributes: Box<RawValue>,
}

impl Origin {
    /// Returns about how many bytes a series has as JSON without its points.
    fn size(&self) -> usize {
        const REST: usize = 256;
        let parts = [&self.resource, &self.scope, &self.attributes];
        parts.iter().map(|part| part.get().len()).sum::<usize>() + REST
    }
}

/// Returns the series whose attributes, service or instance contain the text.
fn series_with(view: &View, filter: &Filter, needle: &Needle) -> HashSet<u64> {
    let mut known: HashSet<u64> = HashSet::new();
    let hits = view.scan::<PointColumns>(&filter.predicate).hits();
    let firsts: Vec<_> = hits
        .filter(|hit| known.insert(hit.columns().series()))
        .collect();
    let mut chosen = HashSet::new();
    fetch(&firsts, |record, places| {
        each_point(&firsts, record, places, |_, hit, bytes| {
            let columns = hit.columns();
            let source = columns.source();
            let this = ValueRef {
                signal: Signal::Metrics,
                sequence: hit.sequence(),
            };
            let (attributes, _) = point(bytes, columns.metric().kind(), &mut Knife::new(&this));
            if needle.is_in_attributes(&attributes)
                || needle.is_in(source.service())
                || needle.is_in(source.instance().unwrap_or_default())
            {
                chosen.insert(columns.series());
            }
        });
    });
    chosen
}

/// Renders the points of one metric, and the origins of their series.
fn render_points(
    hits: &[Hit<'_, PointColumns>],
    record: &Record<'_>,
    places: &[usize],
    made: &mut [Option<Box<RawValue>>],
    origins: &mut HashMap<u64, Origin>,
) {
    each_point(hits, record, places, |place, hit, bytes| {
        let this = ValueRef {
            signal: Signal::Metrics,
            sequence: hit.sequence(),
        };
        let mut knife = Knife::new(&this);
        let (mut attributes, mut point) = point(bytes, hit.columns().metric().kind(), &mut knife);
        if let Entry::Vacant(entry) = origins.entry(hit.columns().series()) {
            let at = Place::Field(&Place::Record, "attributes");
            knife.attributes(&mut attributes, &at);
            let origin = [
                resource(record, &mut knife),
                scope(record, &mut knife),
                render(&attributes),
            ];
            if let [Ok(resource), Ok(scope), Ok(attributes)] = origin.map(|one| to_raw_value(&one))
            {
                entry.insert(Origin {
                    resource,
                    resource_schema_url: schema_url(record.resource_schema_url),
                    scope,
                    attributes,
                });
            }
        }
        add_cuts(&mut point, knife);
        made[place] = to_raw_value(&point).ok();
    });
}

/// Visits the encoded points of one metric that are among `hits`.
fn each_point<'h, 'v>(
    hits: &'h [Hit<'v, PointColumns>],
    record: &Record<'_>,
    places: &[usize],
    mut visit: impl FnMut(usize, &'h Hit<'v, PointColumns>, &[u8]),
) {
    let mut wanted = places
        .iter()
        .map(|place| (*place, &hits[*place]))
        .peekable();
    let Some((_, first)) = wanted.peek() else {
        return;
    };
    let kind = first.columns().metric().kind();
    for (number, bytes) in encoded(record.body, kind).enumerate() {
        while let Some((place, hit)) = wanted.next_if(|(_, hit)| hit.place() == number) {
            visit(place, hit, bytes);
        }
    }
}
