//! The attribute and metric tables of each module, with compile-time checks.

use glassbox_core::telemetry::{Descriptor, Kind};

/// Declares attribute names and lists them in `ATTRIBUTES`.
macro_rules! attributes {
    ($($(#[$doc:meta])+ $constant:ident = $name:literal;)+) => {
        $($(#[$doc])+ pub const $constant: &str = $name;)+

        /// Every attribute that this module declares.
        pub const ATTRIBUTES: &[&str] = &[$($constant),+];

        const _: () = $crate::catalogue::check_names(ATTRIBUTES);
    };
}

/// Declares metrics and lists them in `METRICS`; the description is the documentation.
macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal [$unit:literal] $description:literal
        { $($attribute:expr),* $(,)? } $($buckets:expr)?;)+) => {
        $(
            #[doc = concat!("`", $name, "` (", $unit, "): ", $description)]
            pub const $constant: ::glassbox_core::telemetry::Descriptor =
                ::glassbox_core::telemetry::Descriptor::new($name, metrics!(@kind $kind $($buckets)?))
                    .with_unit($unit)
                    .with_description($description)
                    .with_keys(&[$($attribute),*]);
        )+

        /// Every metric that this module declares.
        pub const METRICS: &[::glassbox_core::telemetry::Descriptor] = &[$($constant),+];

        const _: () = $crate::catalogue::check_metrics(METRICS);
    };
    (@kind $kind:ident) => { ::glassbox_core::telemetry::Kind::$kind };
    (@kind $kind:ident $buckets:expr) => { ::glassbox_core::telemetry::Kind::$kind($buckets) };
}

pub(crate) const fn check_names(names: &[&str]) {
    let mut i = 0;
    while i < names.len() {
        assert!(is_name(names[i]), "a name is not dotted lower case");
        let mut j = 0;
        while j < i {
            assert!(!same(names[i], names[j]), "a name is declared twice");
            j += 1;
        }
        i += 1;
    }
}

pub(crate) const fn check_metrics(metrics: &[Descriptor]) {
    let mut i = 0;
    while i < metrics.len() {
        let metric = &metrics[i];
        assert!(is_name(metric.name), "a name is not dotted lower case");
        assert!(!metric.unit.is_empty(), "a metric has no unit");
        assert!(ascend(metric.buckets()), "bucket bounds do not ascend");
        assert!(
            !matches!(metric.kind, Kind::Histogram([])),
            "a histogram has no buckets"
        );
        check_names(metric.keys);
        let mut j = 0;
        while j < i {
            assert!(
                !same(metric.name, metrics[j].name),
                "a name is declared twice"
            );
            j += 1;
        }
        i += 1;
    }
}

/// Whether `name` is words of `a-z`, `0-9` and `_`, joined by single dots.
const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut starts_word = true;
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'a'..=b'z' => starts_word = false,
            b'0'..=b'9' | b'_' if !starts_word => {}
            b'.' if !starts_word => starts_word = true,
            _ => return false,
        }
        i += 1;
    }
    !starts_word
}

const fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut i = 0;
    while i < left.len() {
        if left[i] != right[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn ascend(bounds: &[f64]) -> bool {
    let mut i = 1;
    while i < bounds.len() {
        if bounds[i - 1] >= bounds[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dotted_lower_case_words() {
        for good in ["http.route", "k8s.pod.name", "gen_ai.usage.input_tokens"] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "Http.route",
            "a-b",
            "a b",
            "1a",
            "a.1",
        ] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    #[should_panic(expected = "declared twice")]
    fn a_name_declared_twice_does_not_pass() {
        check_names(&["a.b", "a.c", "a.b"]);
    }

    #[test]
    fn equal_and_falling_bounds_do_not_ascend() {
        assert!(ascend(&[]));
        assert!(ascend(&[0.5, 1.0, 2.0]));
        assert!(!ascend(&[1.0, 1.0]));
        assert!(!ascend(&[2.0, 1.0]));
    }

    #[test]
    #[should_panic(expected = "a histogram has no buckets")]
    fn a_histogram_without_buckets_does_not_pass() {
        check_metrics(&[Descriptor::new("a.duration", Kind::Histogram(&[])).with_unit("s")]);
    }
}
