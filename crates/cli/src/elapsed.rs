//! A stretch of time, as a person reads it.

/// Nanoseconds as a person reads them.
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
}
