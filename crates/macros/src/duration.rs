//! Durations in attributes: `"500ms"`, `"5s"`, `"2m"`, `"1h"`.

/// Returns the milliseconds, or `None` if the text is not a positive number with a unit.
pub(crate) fn millis(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim_start() {
        "ms" => 1,
        "s" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let millis = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (millis > 0).then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        assert_eq!(millis("500ms"), Some(500));
        assert_eq!(millis("5 s"), Some(5000));
        assert_eq!(millis("2m"), Some(120_000));
        for wrong in ["5", "s", "", "0s", "-1s", "5 parsecs"] {
            assert_eq!(millis(wrong), None, "{wrong}");
        }
    }
}
