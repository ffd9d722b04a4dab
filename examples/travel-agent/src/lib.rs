//! Answers questions about places, with a model and the tools that it discovers; plans trips by a
//! workflow.

mod question;
mod trip;

pub use question::{AskAnswer, Question, ask};
pub use trip::{Trip, TripAnswer, TripQuery};

use glassbox::Skillset;

/// The agent, ready to be served.
pub fn agent() -> Skillset {
    let trip = Trip::try_new();
    let trip = trip.expect("invariant: the workflow does not contradict itself");
    Skillset::new("travel-agent").with(ask).with(trip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox::Agent;

    #[test]
    fn the_agent_has_two_skills_and_a_workflow_that_is_valid() {
        let agent = agent();
        let skills = agent.capabilities().iter();
        let names: Vec<_> = skills.map(|skill| skill.name.as_str()).collect();
        assert_eq!(names, ["ask", "trip"]);
    }
}
