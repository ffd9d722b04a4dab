//! Metrics: a list, and the points of one by series.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use glassbox_otlp::Signal;
use glassbox_otlp::wire::Record;
use glassbox_store::{Hit, Metric, PointColumns, Source, View, fetch};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::Query;
use super::cursor::Cursor;
use super::cut::{Knife, Place};
use super::filter::Filter;
use super::fit::fit_with;
use super::needle::Needle;
use super::record::ValueRef;
use super::render::{add_cuts, attributes as render};

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
}

/// The points of one metric; `total` and `returned` count points.
#[derive(Debug, Serialize)]
pub(crate) struct MetricPoints {
    total: usize,
    returned: usize,
    /// Whether there are older ones.
    truncated: bool,
    next: Option<Cursor>,
    /// Null when no such metric is stored.
    metric: Option<MetricSummary>,
    series: Vec<Series>,
}

/// The points of one resource and one set of attributes, by time.
#[derive(Debug, Serialize)]
struct Series {
    service: Box<str>,
    instance: Option<Box<str>>,
    attributes: Box<RawValue>,
    points: Vec<Box<RawValue>>,
}

/// The sum over the rows of one metric.
struct Sum<'v> {
    /// As the newest point describes it.
    metric: &'v Metric,
    services: BTreeSet<&'v str>,
    series: HashSet<u64>,
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
        }
    }
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
        // A cursor of this list is a place in it: it is ordered by name.
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
        let mut known = HashSet::new();
        let made = fit_with(&fitting, filter.bytes, render_points, |hit, point| {
            let is_new = known.insert(hit.columns().series());
            let series = if is_new {
                point.attributes.get().len() + 64
            } else {
                0
            };
            point.point.get().len() + 1 + series
        });
        let truncated = made.len() < older;
        let last = made
            .len()
            .checked_sub(1)
            .map(|last| position(&fitting[last]));
        let mut series: HashMap<u64, Collected> = HashMap::new();
        for (hit, point) in fitting.iter().zip(made) {
            let (columns, Some(point)) = (hit.columns(), point) else {
                continue;
            };
            let entry = series.entry(columns.series()).or_insert_with(|| Collected {
                source: Arc::clone(columns.source()),
                attributes: point.attributes,
                points: Vec::new(),
            });
            entry.points.push((columns.time(), point.point));
        }
        let mut series: Vec<Series> = series.into_values().map(Collected::into_series).collect();
        series.sort_by_cached_key(|one| {
            (
                one.service.clone(),
                one.instance.clone(),
                one.attributes.get().to_owned(),
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

/// Returns where a point is in the order of time.
fn position(hit: &Hit<'_, PointColumns>) -> Cursor {
    Cursor {
        time: hit.columns().time(),
        tie: u128::from(hit.sequence()),
    }
}

/// A series while its points are collected.
struct Collected {
    source: Arc<Source>,
    attributes: Box<RawValue>,
    points: Vec<(u64, Box<RawValue>)>,
}

impl Collected {
    fn into_series(mut self) -> Series {
        self.points.sort_by_key(|(time, _)| *time);
        Series {
            service: self.source.service().into(),
            instance: self.source.instance().map(Into::into),
            attributes: self.attributes,
            points: self.points.into_iter().map(|(_, point)| point).collect(),
        }
    }
}

/// Returns the series of which an attribute, the service or the instance holds the text.
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

/// A rendered point.
struct Rendered {
    attributes: Box<RawValue>,
    point: Box<RawValue>,
}

/// Renders the points of one metric.
fn render_points(
    hits: &[Hit<'_, PointColumns>],
    record: &Record<'_>,
    places: &[usize],
    made: &mut [Option<Rendered>],
) {
    each_point(hits, record, places, |place, hit, bytes| {
        let this = ValueRef {
            signal: Signal::Metrics,
            sequence: hit.sequence(),
        };
        let mut knife = Knife::new(&this);
        let (mut attributes, mut point) = point(bytes, hit.columns().metric().kind(), &mut knife);
        let at = Place::Field(&Place::Record, "attributes");
        knife.attributes(&mut attributes, &at);
        add_cuts(&mut point, knife);
        let attributes = to_raw_value(&render(&attributes)).ok();
        let point = to_raw_value(&point).ok();
        made[place] = attributes
            .zip(point)
            .map(|(attributes, point)| Rendered { attributes, point });
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
