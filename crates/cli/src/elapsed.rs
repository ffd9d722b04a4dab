//! Durations in human-readable form.

/// Formats nanoseconds.
pub(crate) fn elapsed(nanos: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let nanos_f = nanos as f64;
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{:.0} µs", nanos_f / 1e3),
        1_000_000..10_000_000 => format!("{:.1} ms", nanos_f / 1e6),
        10_000_000..1_000_000_000 => format!("{:.0} ms", nanos_f / 1e6),
        _ => format!("{:.2} s", nanos_f / 1e9),
    }
}

/// Formats an age in a suitable unit, rounded down.
pub(crate) fn age(age: std::time::Duration) -> String {
    match age.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_three_digits() {
        let shown: Vec<String> = [999, 45_000, 1_234_567, 96_000_000, 2_310_000_000]
            .into_iter()
            .map(elapsed)
            .collect();
        assert_eq!(shown, ["999 ns", "45 µs", "1.2 ms", "96 ms", "2.31 s"]);
    }

    #[test]
    fn ages_are_told_in_the_unit_that_fits() {
        let told = [0, 119, 600, 7_200, 200_000]
            .map(|seconds| age(std::time::Duration::from_secs(seconds)));
        assert_eq!(told, ["0 s", "119 s", "10 min", "2 h", "2 days"]);
    }
}
