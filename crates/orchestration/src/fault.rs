//! What can be wrong with a workflow before it runs.

use crate::BadBinding;
use std::fmt;

/// One thing that is wrong with a workflow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// There is nothing to do.
    #[error("it has no steps")]
    NoSteps,
    /// A name that spans, metrics and bindings could not carry.
    #[error("'{name}' is no {of}: use letters, digits, '_' and '-'")]
    BadName {
        /// What it names.
        of: &'static str,
        /// As it was given.
        name: String,
    },
    /// Two steps have one id.
    #[error("two steps are called '{step}'")]
    DuplicateStep {
        /// The id.
        step: String,
    },
    /// A retry policy that makes no sense.
    #[error("the retry of step '{step}' makes no sense: {reason}")]
    BadRetry {
        /// The id.
        step: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A template with a `${` that starts no binding.
    #[error("{place}: {error}")]
    BadBinding {
        /// Which template.
        place: String,
        /// What is wrong.
        error: BadBinding,
    },
    /// A binding to an input that is not declared.
    #[error("{place} refers to input '{input}', which is not declared")]
    UnknownInput {
        /// Which template.
        place: String,
        /// The name.
        input: String,
    },
    /// A binding to, or a dependency on, a step that does not exist.
    #[error("{place} refers to step '{step}', which does not exist")]
    UnknownStep {
        /// Which template.
        place: String,
        /// The id.
        step: String,
    },
    /// Steps that wait for each other.
    #[error("steps wait for each other: {}", .steps.join(" waits for "))]
    Cycle {
        /// The ids around the circle; the first stands at the end again.
        steps: Vec<String>,
    },
    /// No ready service has the capability.
    #[error("step '{step}' calls '{capability}', which no ready service{} has; there is {}", of(.service), list(.known))]
    UnknownCapability {
        /// The id.
        step: String,
        /// What it calls.
        capability: String,
        /// Whose, if it says so.
        service: Option<String>,
        /// What there is, sorted.
        known: Vec<String>,
    },
    /// Several services have a capability of that name.
    #[error("step '{step}' calls '{capability}', which {} have: name one as its service", list(.services))]
    AmbiguousCapability {
        /// The id.
        step: String,
        /// What it calls.
        capability: String,
        /// Who has it, sorted.
        services: Vec<String>,
    },
    /// The capability needs what the step's input does not have.
    #[error("step '{step}' gives '{capability}' no '{member}', which it requires")]
    MissingMember {
        /// The id.
        step: String,
        /// What it calls.
        capability: String,
        /// The member.
        member: String,
    },
}

/// Everything that is wrong with a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidWorkflow {
    workflow: String,
    faults: Vec<Fault>,
}

impl InvalidWorkflow {
    /// `Err` if there are any faults.
    pub(crate) fn unless_empty(workflow: &str, faults: Vec<Fault>) -> Result<(), Self> {
        match faults.is_empty() {
            true => Ok(()),
            false => Err(Self {
                workflow: workflow.to_owned(),
                faults,
            }),
        }
    }

    /// At least one.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for InvalidWorkflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workflow '{}' cannot run", self.workflow)?;
        let mut mark = ": ";
        for fault in &self.faults {
            write!(f, "{mark}{fault}")?;
            mark = "; ";
        }
        Ok(())
    }
}

impl std::error::Error for InvalidWorkflow {}

fn of(service: &Option<String>) -> String {
    match service {
        Some(name) => format!(" called '{name}'"),
        None => String::new(),
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    }
}
