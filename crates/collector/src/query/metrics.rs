//! Metrics: a list, and the points of one by series.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use glassbox_otlp::proto::common::v1::KeyValue;
use glassbox_otlp::proto::metrics::v1::Metric as MetricMessage;
use glassbox_store::{Hit, Metric, PointColumns, Source, View, fetch};
use serde::Serialize;
use serde_json::Value;

use super::Query;
use super::filter::Filter;
use super::needle::Needle;
use super::record::decode;
use super::render::attributes as render;

mod points;

use points::points;

/// The matching metrics, by name.
#[derive(Debug, Serialize)]
pub(crate) struct MetricList {
    total: usize,
    returned: usize,
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
    /// Null when no such metric is stored.
    metric: Option<MetricSummary>,
    series: Vec<Series>,
}

/// The points of one resource and one set of attributes, by time.
#[derive(Debug, Serialize)]
struct Series {
    service: Box<str>,
    instance: Option<Box<str>>,
    attributes: Value,
    points: Vec<Value>,
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
        metrics.truncate(filter.limit);
        MetricList {
            total,
            returned: metrics.len(),
            metrics,
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
        let fitting = points().filter(fits);
        let mut times: Vec<u64> = fitting.map(|hit| hit.columns().time()).collect();
        let total = times.len();
        times.sort_unstable_by_key(|time| Reverse(*time));
        times.truncate(filter.limit);
        // Return all points after the cut, and as many at the cut as the limit allows.
        let cut = times.last().copied().unwrap_or(u64::MAX);
        let mut at_cut = times.iter().filter(|time| **time == cut).count();
        let mut is_wanted = |hit: &Hit<'_, PointColumns>| {
            let time = hit.columns().time();
            time > cut || (time == cut && take_one(&mut at_cut))
        };
        let wanted: Vec<_> = points().filter(fits).filter(|hit| is_wanted(hit)).collect();
        let mut series: HashMap<u64, Collected> = HashMap::new();
        each_point(&wanted, |point, attributes, value| {
            let entry = series.entry(point.series()).or_insert_with(|| Collected {
                source: Arc::clone(point.source()),
                attributes: render(attributes),
                points: Vec::new(),
            });
            entry.points.push((point.time(), value));
        });
        let mut series: Vec<Series> = series.into_values().map(Collected::into_series).collect();
        series.sort_by_cached_key(|one| {
            (
                one.service.clone(),
                one.instance.clone(),
                one.attributes.to_string(),
            )
        });
        let returned = series.iter().map(|series| series.points.len()).sum();
        MetricPoints {
            total,
            returned,
            metric: sum.map(Sum::summary),
            series,
        }
    }
}

fn take_one(left: &mut usize) -> bool {
    let any = *left > 0;
    *left = left.saturating_sub(1);
    any
}

/// A series while its points are collected.
struct Collected {
    source: Arc<Source>,
    attributes: Value,
    points: Vec<(u64, Value)>,
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
    each_point(&firsts, |point, attributes, _| {
        let source = point.source();
        if needle.is_in_attributes(attributes)
            || needle.is_in(source.service())
            || needle.is_in(source.instance().unwrap_or_default())
        {
            chosen.insert(point.series());
        }
    });
    chosen
}

/// Reads points and visits each with its attributes, in the order of the store.
fn each_point(
    hits: &[Hit<'_, PointColumns>],
    mut act: impl FnMut(&PointColumns, &[KeyValue], Value),
) {
    fetch(hits, |record, places| {
        let message: MetricMessage = decode(record.body);
        let mut points: Vec<_> = points(&message).into_iter().map(Some).collect();
        for place in places {
            let hit = &hits[*place];
            if let Some((attributes, value)) = points.get_mut(hit.place()).and_then(Option::take) {
                act(hit.columns(), attributes, value);
            }
        }
    });
}
