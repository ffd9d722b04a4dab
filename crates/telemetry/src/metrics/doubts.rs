//! Problems of the definitions of instruments.
//!
//! The SDK ignores such an instrument, or part of its definition, without logging it. Each problem is
//! logged once, when the instrument is first used.

use super::{bounds, handle};
use glassbox_core::telemetry::{Descriptor, Kind};
use std::fmt;

/// A problem of a definition.
#[derive(Debug, PartialEq)]
pub(super) enum Doubt {
    Name,
    Unit,
    /// Bounds that are unsorted, repeated or not finite; and the bounds that are used.
    Bounds(&'static [f64], Vec<f64>),
    /// Another instrument of this name has another kind or unit.
    Conflict(&'static str, &'static str),
    /// Another histogram of this name was used first, with other bounds, which apply.
    OtherBounds(Vec<f64>),
}

/// The problems of a definition. `known` are earlier definitions of the same name; problems that one of
/// them has too are omitted.
pub(super) fn of<'a>(
    descriptor: &Descriptor,
    known: impl Iterator<Item = &'a Descriptor> + Clone,
) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    let is_first = known.clone().next().is_none();
    if is_first && !is_name(descriptor.name) {
        doubts.push(Doubt::Name);
    }
    let same_unit = |known: &Descriptor| known.unit == descriptor.unit;
    if !is_unit(descriptor.unit) && !known.clone().any(same_unit) {
        doubts.push(Doubt::Unit);
    }
    let given = descriptor.buckets();
    let usable = bounds::usable(given);
    let same_bounds = |known: &Descriptor| bits(known.buckets()).eq(bits(given));
    if is_changed(given, &usable) && !known.clone().any(same_bounds) {
        doubts.push(Doubt::Bounds(given, usable.to_vec()));
    }
    let kind = handle::kind(descriptor.kind);
    let conflict = known
        .clone()
        .map(|known| (handle::kind(known.kind), known.unit))
        .find(|known| *known != (kind, descriptor.unit));
    if let Some((kind, unit)) = conflict {
        doubts.push(Doubt::Conflict(kind, unit));
    }
    // The first definition of a stream applies.
    let first = known
        .clone()
        .find(|known| super::stream_key(known) == super::stream_key(descriptor));
    if let Some(first) = first
        && matches!(descriptor.kind, Kind::Histogram(_))
        && bounds::usable(first.buckets()) != usable
        && !known.clone().any(same_bounds)
    {
        doubts.push(Doubt::OtherBounds(
            bounds::usable(first.buckets()).into_owned(),
        ));
    }
    doubts
}

pub(super) fn log(descriptor: &Descriptor, doubts: &[Doubt]) {
    for doubt in doubts {
        tracing::warn!(
            glassbox.telemetry.instrument = descriptor.name,
            glassbox.telemetry.unit = descriptor.unit,
            "{doubt}"
        );
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str(
                "invalid name of an instrument: use letters, digits, `_`, `.`, `-` and `/`, at most \
                 255 of them, a letter first; nothing is recorded",
            ),
            Self::Unit => f.write_str(
                "invalid unit of an instrument: use at most 63 ASCII characters; nothing is recorded",
            ),
            Self::Bounds(given, usable) => write!(
                f,
                "the bounds {given:?} of a histogram must be finite and ascending, each once; \
                 {usable:?} are used"
            ),
            Self::Conflict(kind, unit) => write!(
                f,
                "another instrument of this name is {kind} with unit {unit:?}; backends will mix \
                 them up"
            ),
            Self::OtherBounds(first) => write!(
                f,
                "another histogram of this name was used first; its bounds {first:?} apply"
            ),
        }
    }
}

fn is_name(name: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte);
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.len() <= 255
        && name.bytes().all(rest)
}

fn is_unit(unit: &str) -> bool {
    unit.len() <= 63 && unit.is_ascii()
}

fn is_changed(given: &[f64], usable: &[f64]) -> bool {
    !bits(given).eq(bits(usable))
}

/// Returns the bits, by which NaN equals itself.
fn bits(bounds: &[f64]) -> impl Iterator<Item = u64> + '_ {
    bounds.iter().map(|bound| bound.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(bounds: &'static [f64]) -> Descriptor {
        Descriptor::new("took", Kind::Histogram(bounds)).with_unit("s")
    }

    #[test]
    fn each_problem_of_a_definition_is_found_once() {
        const BOUNDS: &[f64] = &[5.0, 1.0, f64::NAN, 1.0];
        let first = histogram(BOUNDS);
        let found = of(&first, [].iter());
        assert!(matches!(&found[..], [Doubt::Bounds(_, usable)] if usable == &[1.0, 5.0]));
        let again = first.with_keys(&["route"]);
        assert_eq!(of(&again, [first].iter()), []);

        let name = Descriptor::new("no such name", Kind::Counter);
        assert_eq!(of(&name, [].iter()), [Doubt::Name]);
        let unit = Descriptor::new("x", Kind::Counter).with_unit("µs");
        assert_eq!(of(&unit, [].iter()), [Doubt::Unit]);
        assert_eq!(of(&unit.with_keys(&["k"]), [unit].iter()), []);
    }

    #[test]
    fn a_definition_that_contradicts_an_earlier_one_is_found() {
        let first = histogram(&[1.0, 5.0]);
        assert_eq!(
            of(&histogram(&[2.0]), [first].iter()),
            [Doubt::OtherBounds(vec![1.0, 5.0])]
        );
        assert_eq!(of(&first.with_keys(&["route"]), [first].iter()), []);
        let counter = Descriptor::new("took", Kind::Counter).with_unit("s");
        assert_eq!(
            of(&counter, [first].iter()),
            [Doubt::Conflict("a histogram", "s")]
        );
    }
}
