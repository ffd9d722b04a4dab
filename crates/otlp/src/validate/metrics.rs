//! Metrics and their data points.

use super::{Fault, Place, RejectedReason, Rejections, SPAN_ID, TRACE_ID, optional};
use crate::Signal;
use crate::proto::ExportMetricsServiceRequest;
use crate::proto::metrics::v1::metric::Data;
use crate::proto::metrics::v1::{Exemplar, Metric};
use crate::request::data_points;

pub(super) fn remove_invalid(request: &mut ExportMetricsServiceRequest, out: &mut Rejections) {
    for (r, resource) in request.resource_metrics.iter_mut().enumerate() {
        for (s, scope) in resource.scope_metrics.iter_mut().enumerate() {
            let mut index = 0;
            scope.metrics.retain_mut(|metric| {
                let place = Place::new(Signal::Metrics, [r, s, index]);
                index += 1;
                keep(metric, place, out)
            });
        }
    }
}

/// Removes invalid points; returns whether the metric itself stays.
pub(crate) fn keep(metric: &mut Metric, place: Place, out: &mut Rejections) -> bool {
    if metric.name.is_empty() {
        // A metric without points is counted as one record, so that the loss shows.
        let points = data_points(metric).max(1) as u64;
        let fault = Fault::new(RejectedReason::MetricName, ".name", "must not be empty");
        out.add(place, fault, points);
        return false;
    }
    match &mut metric.data {
        None => {}
        Some(Data::Gauge(data)) => {
            retain(&mut data.data_points, place, "gauge", out, |p| {
                exemplars(&p.exemplars)
            });
        }
        Some(Data::Sum(data)) => {
            retain(&mut data.data_points, place, "sum", out, |p| {
                exemplars(&p.exemplars)
            });
        }
        Some(Data::Histogram(data)) => {
            retain(&mut data.data_points, place, "histogram", out, |p| {
                exemplars(&p.exemplars)
            });
        }
        Some(Data::ExponentialHistogram(data)) => {
            retain(
                &mut data.data_points,
                place,
                "exponentialHistogram",
                out,
                |p| exemplars(&p.exemplars),
            );
        }
        // A summary point holds no ids.
        Some(Data::Summary(_)) => {}
    }
    true
}

fn retain<P>(
    points: &mut Vec<P>,
    place: Place,
    kind: &str,
    out: &mut Rejections,
    fault: impl Fn(&P) -> Option<Fault>,
) {
    let mut index = 0;
    points.retain(|point| {
        let fault = fault(point);
        let sound = fault.is_none();
        if let Some(fault) = fault {
            out.add(format_args!("{place}.{kind}.dataPoints[{index}]"), fault, 1);
        }
        index += 1;
        sound
    });
}

fn exemplars(exemplars: &[Exemplar]) -> Option<Fault> {
    exemplars.iter().enumerate().find_map(|(index, exemplar)| {
        let (field, problem) = optional(&exemplar.trace_id, TRACE_ID)
            .map(|problem| ("traceId", problem))
            .or_else(|| optional(&exemplar.span_id, SPAN_ID).map(|problem| ("spanId", problem)))?;
        let field = format!(".exemplars[{index}].{field}");
        Some(Fault::new(RejectedReason::Exemplar, field, problem))
    })
}
