//! What is wrong with a workflow that cannot run.

use crate::BadBinding;
use std::fmt;

/// One thing that is wrong with a workflow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It has no steps.
    #[error("it has no steps")]
    NoSteps,
    /// A name with characters that spans, metrics or bindings do not allow.
    #[error("'{name}' is not a valid {of}: use letters, digits, '_' and '-'")]
    BadName {
        /// What the name belongs to.
        of: &'static str,
        /// The name.
        name: String,
    },
    /// Two steps have one id.
    #[error("two steps have the id '{step}'")]
    DuplicateStep {
        /// The id.
        step: String,
    },
    /// A retry policy that is not valid.
    #[error("the retry policy of step '{step}' is not valid: {reason}")]
    BadRetry {
        /// The id.
        step: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A template with a `${` that does not start a valid binding.
    #[error("{place}: {error}")]
    BadBinding {
        /// Where the template is.
        place: String,
        /// What is wrong.
        error: BadBinding,
    },
    /// A binding to an input that is not declared.
    #[error("{place} refers to input '{input}', which is not declared")]
    UnknownInput {
        /// Where the template is.
        place: String,
        /// The name.
        input: String,
    },
    /// A binding to, or a dependency on, a step that does not exist.
    #[error("{place} refers to step '{step}', which does not exist")]
    UnknownStep {
        /// Where the template is.
        place: String,
        /// The id.
        step: String,
    },
    /// Steps that depend on each other in a circle.
    #[error("steps wait for each other: {}", .steps.join(" waits for "))]
    Cycle {
        /// The ids around the circle. The last is the first again.
        steps: Vec<String>,
    },
    /// No ready service has the capability.
    #[error("step '{step}' calls '{capability}', which no ready service{} has; available: {}", of(.service), list(.known))]
    UnknownCapability {
        /// The id.
        step: String,
        /// The capability that it calls.
        capability: String,
        /// The service that it names, if any.
        service: Option<String>,
        /// The available capabilities, sorted.
        known: Vec<String>,
    },
    /// Several services have a capability of that name.
    #[error("step '{step}' calls '{capability}', which {} have: set the step's `service` to one of them", list(.services))]
    AmbiguousCapability {
        /// The id.
        step: String,
        /// The capability that it calls.
        capability: String,
        /// The services that have it, sorted.
        services: Vec<String>,
    },
    /// The capability requires a member that the step's input does not have.
    #[error("step '{step}' calls '{capability}' without '{member}', which it requires")]
    MissingMember {
        /// The id.
        step: String,
        /// The capability that it calls.
        capability: String,
        /// The member's name.
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
    /// Fails if there are any faults.
    pub(crate) fn unless_empty(workflow: &str, faults: Vec<Fault>) -> Result<(), Self> {
        match faults.is_empty() {
            true => Ok(()),
            false => Err(Self {
                workflow: workflow.to_owned(),
                faults,
            }),
        }
    }

    /// The faults, at least one.
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
