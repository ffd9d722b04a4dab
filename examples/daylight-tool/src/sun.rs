//! The position of the sun: the low-precision formulas of the Astronomical Almanac, accurate to 0.01°
//! until 2050.

use jiff::{SignedDuration, Timestamp};

/// Altitude of the sun's centre at sunrise, in degrees: refraction lifts it by 34', and its radius is
/// 16'.
const HORIZON: f64 = -0.833;
/// Days are counted from 2000-01-01 12:00 UTC.
const EPOCH_SECOND: i64 = 946_728_000;
const DAY: f64 = 86_400.0;

/// The light on a day.
#[derive(Debug, PartialEq)]
pub(crate) enum Light {
    /// The sun rises and sets.
    Day {
        /// When it rises.
        rise: Timestamp,
        /// When it sets.
        set: Timestamp,
    },
    /// The sun stays below the horizon.
    Never,
    /// The sun stays above the horizon.
    Always,
}

/// The light of the day around `noon`, in clock time.
pub(crate) fn light(noon: Timestamp, latitude: f64, longitude: f64) -> Light {
    // True noon is where the hour angle is zero. Two steps are enough, because the equation of time
    // hardly changes within a day.
    let mut transit = noon;
    for _ in 0..2 {
        transit = shifted(transit, -hour_angle(transit, longitude));
    }
    let event = |sign: f64| {
        let mut at = transit;
        // The declination at sunrise and sunset is used, not the one at noon: near the poles, the
        // difference matters.
        for _ in 0..4 {
            let angle = half_day(declination(at), latitude)?;
            at = shifted(transit, sign * angle);
        }
        Ok(at)
    };
    match (event(-1.0), event(1.0)) {
        (Ok(rise), Ok(set)) => Light::Day { rise, set },
        (Err(light), _) | (_, Err(light)) => light,
    }
}

/// The angle in degrees by which the sky turns between noon and sunset.
fn half_day(declination: f64, latitude: f64) -> Result<f64, Light> {
    let (latitude, declination) = (latitude.to_radians(), declination.to_radians());
    let cosine = (HORIZON.to_radians().sin() - latitude.sin() * declination.sin())
        / (latitude.cos() * declination.cos());
    match cosine {
        cosine if cosine >= 1.0 => Err(Light::Never),
        cosine if cosine <= -1.0 => Err(Light::Always),
        cosine => Ok(cosine.acos().to_degrees()),
    }
}

/// Days since the epoch, and the sun's mean and ecliptic longitude in degrees.
fn position(at: Timestamp) -> (f64, f64, f64) {
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds of this age fit a double exactly"
    )]
    let days = (at.as_second() - EPOCH_SECOND) as f64 / DAY;
    let mean = (280.460 + 0.985_647_4 * days).rem_euclid(360.0);
    let anomaly = (357.528 + 0.985_600_3 * days).to_radians();
    let ecliptic = mean + 1.915 * anomaly.sin() + 0.020 * (2.0 * anomaly).sin();
    (days, mean, ecliptic)
}

fn obliquity(days: f64) -> f64 {
    (23.439 - 0.000_000_4 * days).to_radians()
}

/// Degrees north of the equator.
fn declination(at: Timestamp) -> f64 {
    let (days, _, ecliptic) = position(at);
    (obliquity(days).sin() * ecliptic.to_radians().sin())
        .asin()
        .to_degrees()
}

/// Degrees west of the meridian at `longitude`, from -180 to 180.
fn hour_angle(at: Timestamp, longitude: f64) -> f64 {
    let (days, mean, ecliptic) = position(at);
    let ecliptic = ecliptic.to_radians();
    let ascension = (obliquity(days).cos() * ecliptic.sin())
        .atan2(ecliptic.cos())
        .to_degrees();
    // Sidereal time is the sun's mean longitude plus the rotation since noon.
    let turn = (days.fract() * 360.0).rem_euclid(360.0);
    let angle = mean + turn + longitude - ascension;
    (angle + 180.0).rem_euclid(360.0) - 180.0
}

/// The instant at which the sky has turned by `degrees`.
fn shifted(at: Timestamp, degrees: f64) -> Timestamp {
    let by = SignedDuration::from_secs_f64(degrees / 360.0 * DAY);
    at.checked_add(by).unwrap_or(at)
}
