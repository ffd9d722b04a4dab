//! A descriptor of one kind cannot create an instrument of another kind.

use glassbox_core::telemetry::{Counter, Descriptor, Histogram, Kind};

const ORDERS: Descriptor = Descriptor::new("shop.orders", Kind::Counter);
const DURATION: Descriptor = Descriptor::new("shop.duration", Kind::Histogram(&[1.0]));

static NOT_A_HISTOGRAM: Histogram = Histogram::of(&ORDERS);
static NOT_A_COUNTER: Counter = Counter::of(&DURATION);

fn main() {
    NOT_A_HISTOGRAM.record(1.0);
    NOT_A_COUNTER.add(1);
}
