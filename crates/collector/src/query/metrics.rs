//! Metrics: what there is, and the points of one by series.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use glassbox_otlp::proto::common::v1::KeyValue;
use glassbox_otlp::proto::metrics::v1::Metric as MetricMessage;
use glassbox_otlp::wire::records;
use serde::Serialize;
use serde_json::Value;

use super::render::attributes as render;
use super::{Filter, Needle, Query, blocks, decode, read};
use crate::store::{Block, Metric, PointRow, Rows, Segment, Source, View};

mod points;

use points::points;

/// The metrics that satisfy everything asked, by name.
#[derive(Debug, Serialize)]
pub(crate) struct MetricList {
    total: usize,
    returned: usize,
    metrics: Vec<MetricSummary>,
}

/// What is stored of one metric.
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

/// What the rows of one metric add up to.
struct Sum<'v> {
    /// As the newest point describes it.
    metric: &'v Metric,
    services: BTreeSet<&'v str>,
    series: HashSet<u64>,
    points: u64,
    last: u64,
}

impl<'v> Sum<'v> {
    fn new(row: &'v PointRow) -> Self {
        let (services, series) = (BTreeSet::new(), HashSet::new());
        Self {
            metric: &row.metric,
            services,
            series,
            points: 0,
            last: 0,
        }
    }

    fn add(&mut self, row: &'v PointRow) {
        if row.time >= self.last {
            (self.last, self.metric) = (row.time, &row.metric);
        }
        self.services.insert(&row.source.service);
        self.series.insert(row.series);
        self.points += 1;
    }

    fn summary(self) -> MetricSummary {
        let metric = self.metric.clone();
        MetricSummary {
            name: metric.name,
            unit: metric.unit,
            description: metric.description,
            kind: metric.kind.as_str(),
            monotonic: metric.monotonic,
            temporality: metric.temporality,
            services: self.services.into_iter().map(Into::into).collect(),
            series: self.series.len(),
            points: self.points,
            last_unix_nano: self.last,
        }
    }
}

impl Filter {
    fn is_point(&self, row: &PointRow) -> bool {
        self.name
            .as_deref()
            .is_none_or(|name| *row.metric.name == *name)
            && self.is_service(&row.source)
            && self.is_within(row.time)
    }
}

fn rows<'v>(view: &'v View, filter: &Filter) -> impl Iterator<Item = &'v PointRow> {
    blocks(view)
        .filter(|(_, block)| block.overlaps(filter.since, filter.until))
        .filter_map(|(_, block)| match &block.rows {
            Rows::Points(rows) => Some(rows.iter()),
            Rows::Spans(_) | Rows::Logs(_) => None,
        })
        .flatten()
}

impl Query {
    /// Lists metrics by name.
    pub(crate) fn metrics(&self, filter: &Filter) -> MetricList {
        let view = self.view();
        let mut sums: BTreeMap<&str, Sum<'_>> = BTreeMap::new();
        for row in rows(&view, filter).filter(|row| filter.is_point(row)) {
            sums.entry(&row.metric.name)
                .or_insert_with(|| Sum::new(row))
                .add(row);
        }
        let fits = |sum: &Sum<'_>| {
            filter.text.as_ref().is_none_or(|needle| {
                let metric = sum.metric;
                [&metric.name, &metric.description, &metric.unit]
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
        let mut sum: Option<Sum<'_>> = None;
        for row in rows(&view, filter).filter(|row| filter.is_point(row)) {
            sum.get_or_insert_with(|| Sum::new(row)).add(row);
        }
        let chosen = filter
            .text
            .as_ref()
            .map(|needle| series_with(&view, filter, needle));
        let fits = |row: &PointRow| {
            filter.is_point(row)
                && chosen
                    .as_ref()
                    .is_none_or(|chosen| chosen.contains(&row.series))
        };
        let mut times: Vec<u64> = rows(&view, filter)
            .filter(|row| fits(row))
            .map(|row| row.time)
            .collect();
        let total = times.len();
        times.sort_unstable_by_key(|time| Reverse(*time));
        times.truncate(filter.limit);
        // Everything newer than the cut is returned; of the points at the cut, what is left over.
        let cut = times.last().copied().unwrap_or(0);
        let mut at_cut = times.iter().filter(|time| **time == cut).count();
        let mut wanted = |row: &PointRow| {
            fits(row) && (row.time > cut || (row.time == cut && take_one(&mut at_cut)))
        };
        let mut series: HashMap<u64, Collected> = HashMap::new();
        if !times.is_empty() {
            each_point(
                &view,
                |row| wanted(row),
                |row, attributes, point| {
                    let entry = series.entry(row.series).or_insert_with(|| Collected {
                        source: Arc::clone(&row.source),
                        attributes: render(attributes),
                        points: Vec::new(),
                    });
                    entry.points.push((row.time, point));
                },
            );
        }
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
            service: self.source.service.clone(),
            instance: self.source.instance.clone(),
            attributes: self.attributes,
            points: self.points.into_iter().map(|(_, point)| point).collect(),
        }
    }
}

/// Returns the series of which an attribute, the service or the instance holds the text.
fn series_with(view: &View, filter: &Filter, needle: &Needle) -> HashSet<u64> {
    let mut known: HashSet<u64> = HashSet::new();
    let mut chosen = HashSet::new();
    let new = |row: &PointRow| filter.is_point(row) && known.insert(row.series);
    each_point(view, new, |row, attributes, _| {
        let instance = row.source.instance.as_deref().unwrap_or_default();
        if needle.is_in_attributes(attributes)
            || needle.is_in(&row.source.service)
            || needle.is_in(instance)
        {
            chosen.insert(row.series);
        }
    });
    chosen
}

/// Visits the points whose rows are wanted, block by block.
fn each_point(
    view: &View,
    mut wanted: impl FnMut(&PointRow) -> bool,
    mut act: impl FnMut(&PointRow, &[KeyValue], Value),
) {
    for (segment, block) in blocks(view) {
        let Rows::Points(rows) = &block.rows else {
            continue;
        };
        let wanted: Vec<bool> = rows.iter().map(&mut wanted).collect();
        if wanted.contains(&true) {
            in_block(&segment.segment, block, rows, &wanted, &mut act);
        }
    }
}

fn in_block(
    segment: &Segment,
    block: &Block,
    rows: &[PointRow],
    wanted: &[bool],
    act: &mut impl FnMut(&PointRow, &[KeyValue], Value),
) {
    read(segment, block, |request| {
        records(request, |record| {
            // The rows of one metric follow each other, as its points do.
            let first = rows.partition_point(|row| row.offset < record.offset);
            let end = rows.partition_point(|row| row.offset <= record.offset);
            if wanted[first..end].contains(&true) {
                let message: MetricMessage = decode(record.body);
                let points = points(&message);
                for (number, (attributes, point)) in (first..end).zip(points) {
                    if wanted[number] {
                        act(&rows[number], attributes, point);
                    }
                }
            }
            Ok(())
        })
    });
}
