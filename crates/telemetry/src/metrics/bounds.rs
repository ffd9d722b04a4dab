//! Bounds of histograms.

use std::borrow::Cow;

/// The upper bounds as the SDK accepts them: finite, ascending, each once. Borrowed if they already are.
///
/// The SDK records nothing for a histogram with any other bounds. No bucket is lost by leaving out a
/// bound: the last bucket is unbounded anyway, and none is below negative infinity.
pub(super) fn usable(bounds: &[f64]) -> Cow<'_, [f64]> {
    let is_finite = bounds.iter().all(|bound| bound.is_finite());
    if is_finite && bounds.windows(2).all(|pair| pair[0] < pair[1]) {
        return Cow::Borrowed(bounds);
    }
    let finite = bounds.iter().copied().filter(|bound| bound.is_finite());
    let mut usable: Vec<f64> = finite.collect();
    usable.sort_by(f64::total_cmp);
    usable.dedup();
    Cow::Owned(usable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_finite_ascending_and_distinct() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        for (given, expected) in [
            (&[5.0, 1.0, 1.0][..], &[1.0, 5.0][..]),
            (&[1.0, inf], &[1.0]),
            (&[-inf, nan, 2.0, -1.0, 2.0], &[-1.0, 2.0]),
            (&[0.0, -0.0, 1.0], &[0.0, 1.0]),
            (&[inf], &[]),
            (&[nan, -nan], &[]),
        ] {
            let usable = usable(given);
            assert!(matches!(usable, Cow::Owned(_)), "{given:?}");
            assert_eq!(&*usable, expected, "{given:?}");
        }
        for fine in [&[][..], &[1.0], &[-1.0, 0.5, 2.0]] {
            assert!(matches!(usable(fine), Cow::Borrowed(_)), "{fine:?}");
        }
    }
}
