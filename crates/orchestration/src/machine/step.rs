//! The state of a step, and which entries change it.

use crate::{Entry, EntryKind};
use glassbox_core::Problem;

/// The state of a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StepState {
    /// It waits for this many steps to complete.
    Waiting(usize),
    /// Its first attempt starts as soon as the cap on parallel steps allows.
    Ready,
    /// This attempt is next, and starts at once.
    Due { attempt: u32 },
    /// The call is being made.
    Calling { attempt: u32, repeatable: bool },
    /// The call may have begun before an interruption, and may not be made again.
    InDoubt { attempt: u32 },
    /// The call returned an output.
    Answered { attempt: u32 },
    /// The attempt failed, and it is not yet decided whether another follows.
    Undecided(FailedAttempt),
    /// It pauses before this attempt.
    Pausing { attempt: u32, until_unix_nano: u64 },
    /// It completed.
    Completed { attempts: u32 },
    /// It failed permanently.
    Failed { attempts: u32, problem: Problem },
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FailedAttempt {
    pub(super) attempt: u32,
    pub(super) repeatable: bool,
    pub(super) at_unix_nano: u64,
    pub(super) jitter: u32,
    pub(super) problem: Problem,
}

impl StepState {
    /// Whether the step counts against the cap on parallel steps.
    pub(super) fn is_in_progress(&self) -> bool {
        !matches!(
            self,
            Self::Waiting(_) | Self::Ready | Self::Completed { .. } | Self::Failed { .. }
        )
    }

    /// The state after an entry about the step; `None` if the entry is not possible in this state.
    pub(super) fn after(&self, entry: &Entry) -> Option<Self> {
        let next = match (self, &entry.kind) {
            (
                Self::Ready,
                &EntryKind::AttemptStarted {
                    attempt: 1,
                    repeatable,
                    ..
                },
            ) => Self::Calling {
                attempt: 1,
                repeatable,
            },
            (
                &Self::Due { attempt },
                &EntryKind::AttemptStarted {
                    attempt: n,
                    repeatable,
                    ..
                },
            ) if n == attempt => Self::Calling {
                attempt,
                repeatable,
            },
            (&Self::Calling { attempt, .. }, &EntryKind::AttemptCompleted { attempt: n, .. })
                if n == attempt =>
            {
                Self::Answered { attempt }
            }
            (
                &Self::Calling {
                    attempt,
                    repeatable,
                },
                EntryKind::AttemptFailed {
                    attempt: n,
                    problem,
                    jitter,
                    ..
                },
            ) if *n == attempt => Self::Undecided(FailedAttempt {
                attempt,
                repeatable,
                at_unix_nano: entry.at_unix_nano,
                jitter: *jitter,
                problem: problem.clone(),
            }),
            (
                Self::Undecided(failed),
                &EntryKind::TimerSet {
                    attempt,
                    until_unix_nano,
                    ..
                },
            ) if attempt == failed.attempt + 1 => Self::Pausing {
                attempt,
                until_unix_nano,
            },
            (&Self::Pausing { attempt, .. }, &EntryKind::TimerFired { attempt: n, .. })
                if n == attempt =>
            {
                Self::Due { attempt }
            }
            (&Self::Answered { attempt }, &EntryKind::StepCompleted { attempts, .. })
                if attempts == attempt =>
            {
                Self::Completed { attempts }
            }
            (
                Self::Ready | Self::Undecided(_) | Self::InDoubt { .. },
                EntryKind::StepFailed {
                    attempts, problem, ..
                },
            ) if *attempts == self.attempts() => Self::Failed {
                attempts: *attempts,
                problem: problem.clone(),
            },
            _ => return None,
        };
        Some(next)
    }

    /// How many attempts have started.
    fn attempts(&self) -> u32 {
        match self {
            Self::Waiting(_) | Self::Ready => 0,
            Self::Due { attempt } | Self::Pausing { attempt, .. } => attempt - 1,
            Self::Calling { attempt, .. }
            | Self::InDoubt { attempt }
            | Self::Answered { attempt }
            | Self::Undecided(FailedAttempt { attempt, .. }) => *attempt,
            Self::Completed { attempts } | Self::Failed { attempts, .. } => *attempts,
        }
    }
}
