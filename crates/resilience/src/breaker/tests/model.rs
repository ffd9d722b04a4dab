//! The breaker against a model that keeps every call and counts from scratch each time.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Acquire,
    /// Ends one of the calls in progress.
    End(prop::sample::Index, Ending),
    Advance(u64),
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Success,
    Failure(Blame),
    Dropped,
}

const OPEN_FOR: u64 = 20;
const HALF_OPEN_TIMEOUT: u64 = 50;
const PROBES: u64 = 3;
const MINIMUM: usize = 4;
const CALLS: usize = 8;
const SPAN: u64 = 100;
const SLOW: u64 = 30;
const RATE: f64 = 0.5;

/// Every finished call as (milliseconds, failed, slow), the oldest first.
type Finished = VecDeque<(u64, bool, bool)>;

struct Model {
    counts_calls: bool,
    now: u64,
    state: BreakerState,
    number: u64,
    since: u64,
    finished: Finished,
    probes: Vec<(bool, bool)>,
    under_way: u64,
}

impl Model {
    /// The number of the phase that the call belongs to, if it may be made.
    fn acquire(&mut self) -> Option<u64> {
        if self.state == BreakerState::Open && self.now >= self.since + OPEN_FOR {
            self.change(BreakerState::HalfOpen);
        } else if self.state == BreakerState::HalfOpen && self.now >= self.since + HALF_OPEN_TIMEOUT
        {
            self.change(BreakerState::Open);
        }
        match self.state {
            BreakerState::Closed => {}
            BreakerState::HalfOpen if self.under_way + (self.probes.len() as u64) < PROBES => {
                self.under_way += 1;
            }
            _ => return None,
        }
        Some(self.number)
    }

    fn end(&mut self, number: u64, started: u64, ending: Ending) {
        if number != self.number {
            return;
        }
        let slow = self.now - started >= SLOW;
        let failed = match ending {
            Ending::Success => Some(false),
            Ending::Failure(Blame::Peer) => Some(true),
            Ending::Failure(_) | Ending::Dropped => None,
        };
        match (self.state, failed) {
            (BreakerState::Closed, Some(failed)) => {
                self.finished.push_back((self.now, failed, slow));
                let window = self.window();
                if window.len() >= MINIMUM && Self::too_much(&window, window.len()) {
                    self.change(BreakerState::Open);
                }
            }
            (BreakerState::HalfOpen, Some(failed)) => {
                self.under_way -= 1;
                self.probes.push((failed, slow));
                if Self::too_much(&self.probes, PROBES as usize) {
                    self.change(BreakerState::Open);
                } else if self.probes.len() as u64 == PROBES {
                    self.finished.clear();
                    self.change(BreakerState::Closed);
                }
            }
            (BreakerState::HalfOpen, None) => self.under_way -= 1,
            _ => {}
        }
    }

    fn window(&self) -> Vec<(bool, bool)> {
        let calls = self.finished.iter();
        if self.counts_calls {
            let skipped = self.finished.len().saturating_sub(CALLS);
            calls.skip(skipped).map(|(_, f, s)| (*f, *s)).collect()
        } else {
            let step = |at: u64| at / (SPAN / 10);
            calls
                .filter(|(at, _, _)| step(*at) + 10 > step(self.now))
                .map(|(_, f, s)| (*f, *s))
                .collect()
        }
    }

    fn too_much(calls: &[(bool, bool)], of: usize) -> bool {
        let failed = calls.iter().filter(|(failed, _)| *failed).count();
        let slow = calls.iter().filter(|(_, slow)| *slow).count();
        failed as f64 / of as f64 >= RATE || slow as f64 / of as f64 >= RATE
    }

    fn change(&mut self, to: BreakerState) {
        self.state = to;
        self.number += 1;
        self.since = self.now;
        self.probes.clear();
        self.under_way = 0;
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ending = prop_oneof![
        3 => Just(Ending::Success),
        3 => Just(Ending::Failure(Blame::Peer)),
        1 => Just(Ending::Failure(Blame::Caller)),
        1 => Just(Ending::Failure(Blame::Local)),
        1 => Just(Ending::Dropped),
    ];
    let step = prop_oneof![
        5 => Just(Step::Acquire),
        5 => (any::<prop::sample::Index>(), ending).prop_map(|(i, e)| Step::End(i, e)),
        2 => (0..25_u64).prop_map(Step::Advance),
    ];
    prop::collection::vec(step, 0..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_breaker_does_what_the_model_does(steps in steps(), counts_calls: bool) {
        let window = if counts_calls {
            Window::Count(CALLS as u32)
        } else {
            Window::Time(Duration::from_millis(SPAN))
        };
        let config = BreakerConfig::default()
            .window(window)
            .failure_rate(RATE)
            .slow_calls(SlowCalls::new(Duration::from_millis(SLOW), RATE))
            .minimum_calls(MINIMUM as u32)
            .open_for(Duration::from_millis(OPEN_FOR))
            .probes(PROBES as u32)
            .half_open_timeout(Duration::from_millis(HALF_OPEN_TIMEOUT));
        let (breaker, clock) = breaker(config);
        let mut model = Model {
            counts_calls,
            now: 0,
            state: BreakerState::Closed,
            number: 0,
            since: 0,
            finished: Finished::new(),
            probes: Vec::new(),
            under_way: 0,
        };
        let mut calls = Vec::new();
        for step in steps {
            match step {
                Step::Advance(millis) => {
                    clock.advance(Duration::from_millis(millis));
                    model.now += millis;
                }
                Step::Acquire => {
                    let expected = model.acquire();
                    let permit = breaker.try_acquire();
                    prop_assert_eq!(permit.is_ok(), expected.is_some());
                    if let (Ok(permit), Some(number)) = (permit, expected) {
                        calls.push((permit, number, model.now));
                    }
                }
                Step::End(_, _) if calls.is_empty() => {}
                Step::End(index, ending) => {
                    let (permit, number, started) = calls.swap_remove(index.index(calls.len()));
                    model.end(number, started, ending);
                    match ending {
                        Ending::Success => permit.succeed(),
                        Ending::Failure(blame) => permit.fail(blame),
                        Ending::Dropped => drop(permit),
                    }
                }
            }
            let snapshot = breaker.snapshot();
            prop_assert_eq!(snapshot.state, model.state);
            let window = model.window();
            prop_assert_eq!(snapshot.calls as usize, window.len());
            prop_assert_eq!(snapshot.failed as usize, window.iter().filter(|c| c.0).count());
            prop_assert_eq!(snapshot.slow as usize, window.iter().filter(|c| c.1).count());
        }
    }
}
