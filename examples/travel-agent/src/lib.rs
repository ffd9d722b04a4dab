//! Answers questions about places, with a model and whatever tools it discovers; plans trips by a workflow.

mod ask;
mod trip;

pub use ask::{Ask, AskAnswer, Question};
pub use trip::{Trip, TripAnswer, TripQuery};

use glassbox_ai::ModelConfig;
use glassbox_core::Skillset;
use glassbox_host::SystemClock;
use glassbox_orchestration::InvalidWorkflow;
use std::sync::Arc;

/// The agent, ready to be hosted with the model of the same configuration.
///
/// # Errors
/// If the workflow of a trip contradicts itself.
pub fn agent(model: &ModelConfig) -> Result<Skillset, InvalidWorkflow> {
    Ok(Skillset::new("travel-agent")
        .with(Ask::new(model))
        .with(Trip::try_new(Arc::new(SystemClock))?))
}
