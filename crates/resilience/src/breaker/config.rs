//! When a breaker opens, and when it closes again.

use std::time::Duration;

/// When a breaker opens, how long it stays open, and how it detects that the peer has recovered.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct BreakerConfig {
    pub(super) window: Window,
    pub(super) failure_rate: f64,
    pub(super) slow_calls: Option<SlowCalls>,
    pub(super) minimum_calls: u32,
    pub(super) open_for: Duration,
    pub(super) probes: u32,
    pub(super) half_open_timeout: Duration,
}

/// The calls over which rates are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Window {
    /// This many of the last calls.
    Count(u32),
    /// The calls of the last period of this length, which slides in tenths of it.
    Time(Duration),
}

/// Which calls count as slow, and how many of them are too many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowCalls {
    pub(super) from: Duration,
    pub(super) rate: f64,
}

/// Why a configuration is invalid.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BreakerConfigError {
    /// A rate is not above 0, or is above 1.
    #[error("the {which} rate must be above 0 and at most 1, and is {rate}")]
    #[non_exhaustive]
    Rate {
        /// `failure` or `slow-call`.
        which: &'static str,
        /// Its value.
        rate: f64,
    },
    /// The window holds no calls, or too many.
    #[error(
        "a window holds 1 to {} calls, or the calls of at least 10 ms",
        Window::MAX_CALLS
    )]
    Window,
    /// It could never open.
    #[error("{minimum} calls are wanted before it opens, but the window holds {window}")]
    #[non_exhaustive]
    NeverOpens {
        /// The minimum number of calls.
        minimum: u32,
        /// The calls that the window holds.
        window: u32,
    },
    /// It could never close, because it permits no probes.
    #[error("at least one probe is needed to close again")]
    NoProbes,
    /// A duration is zero, so that it would not stay open or half-open.
    #[error("{which} must be longer than zero")]
    #[non_exhaustive]
    Zero {
        /// The setting.
        which: &'static str,
    },
}

impl Default for BreakerConfig {
    /// Opens for 30 s when half of the last 100 calls failed, after at least ten calls; closes after
    /// three probes.
    fn default() -> Self {
        Self {
            window: Window::Count(100),
            failure_rate: 0.5,
            slow_calls: None,
            minimum_calls: 10,
            open_for: Duration::from_secs(30),
            probes: 3,
            half_open_timeout: Duration::from_secs(60),
        }
    }
}

impl BreakerConfig {
    /// Sets the calls over which rates are computed.
    pub const fn window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// Sets the rate of failed calls at which it opens, above 0 and at most 1.
    pub const fn failure_rate(mut self, rate: f64) -> Self {
        self.failure_rate = rate;
        self
    }

    /// Also opens for slow calls. Every call then reads the clock twice.
    pub const fn slow_calls(mut self, slow: SlowCalls) -> Self {
        self.slow_calls = Some(slow);
        self
    }

    /// Sets how many calls the window must hold before its rates are evaluated.
    pub const fn minimum_calls(mut self, calls: u32) -> Self {
        self.minimum_calls = calls;
        self
    }

    /// Sets how long it stays open before it permits probes.
    pub const fn open_for(mut self, duration: Duration) -> Self {
        self.open_for = duration;
        self
    }

    /// Sets how many calls it permits while half-open. Their rates decide the next state.
    pub const fn probes(mut self, calls: u32) -> Self {
        self.probes = calls;
        self
    }

    /// Sets how long it waits for the probes before it opens again, so that a hanging probe does not
    /// block it.
    pub const fn half_open_timeout(mut self, timeout: Duration) -> Self {
        self.half_open_timeout = timeout;
        self
    }

    pub(super) fn validate(&self) -> Result<(), BreakerConfigError> {
        check_rate("failure", self.failure_rate)?;
        if let Some(slow) = self.slow_calls {
            check_rate("slow-call", slow.rate)?;
            check_duration("the duration of a slow call", slow.from)?;
        }
        match self.window {
            Window::Count(window) if !(1..=Window::MAX_CALLS).contains(&window) => {
                return Err(BreakerConfigError::Window);
            }
            Window::Count(window) if self.minimum_calls > window => {
                return Err(BreakerConfigError::NeverOpens {
                    minimum: self.minimum_calls,
                    window,
                });
            }
            Window::Time(span) if span < Duration::from_millis(10) => {
                return Err(BreakerConfigError::Window);
            }
            Window::Count(_) | Window::Time(_) => {}
        }
        if self.probes == 0 {
            return Err(BreakerConfigError::NoProbes);
        }
        check_duration("the time it stays open", self.open_for)?;
        check_duration("the time it stays half-open", self.half_open_timeout)
    }
}

impl Window {
    /// The largest count window.
    pub const MAX_CALLS: u32 = 65_536;
}

impl SlowCalls {
    /// Calls that take `from` or longer are slow. The breaker opens at a rate of `rate`, above 0 and at
    /// most 1.
    pub const fn new(from: Duration, rate: f64) -> Self {
        Self { from, rate }
    }
}

fn check_rate(which: &'static str, rate: f64) -> Result<(), BreakerConfigError> {
    if rate > 0.0 && rate <= 1.0 {
        Ok(())
    } else {
        Err(BreakerConfigError::Rate { which, rate })
    }
}

fn check_duration(which: &'static str, duration: Duration) -> Result<(), BreakerConfigError> {
    if duration.is_zero() {
        Err(BreakerConfigError::Zero { which })
    } else {
        Ok(())
    }
}
