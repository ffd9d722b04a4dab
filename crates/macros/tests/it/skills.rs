//! Tests of skills made from functions.

use glassbox_core::{Agent, Cx, Effect, Filter, Skillset, ToolError, World};
use glassbox_macros::skill;

/// Counts the tools that are ready.
#[skill(read_only, crate = glassbox_core)]
async fn count_tools(world: &World<'_>, cx: &Cx) -> Result<usize, ToolError> {
    Ok(world.discovery.find(cx, &Filter::tools()).await?.len())
}

#[test]
fn a_function_is_a_skill_of_the_same_name() {
    let agent = Skillset::new("tool-counter").with(count_tools);
    let [capability] = agent.capabilities() else {
        panic!("one skill")
    };
    assert_eq!(capability.name, "count_tools");
    assert_eq!(capability.description, "Counts the tools that are ready.");
    assert_eq!(capability.effect, Effect::ReadOnly);
}
