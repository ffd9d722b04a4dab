//! The program of docs/guides/first-agent.md, from the next line on.

use glassbox::{Cx, Skillset, ToolError, World};
use std::process::ExitCode;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Question {
    /// The question, in words.
    question: String,
}

/// Answers questions about texts.
#[glassbox::skill(read_only)]
async fn ask(cx: &Cx, world: &World<'_>, input: Question) -> Result<String, ToolError> {
    let assistant = glassbox::assistant("word-agent")
        .with_instructions("Use the tools for every count. Answer in one sentence.");
    Ok(assistant.answer(cx, world, &input.question).await?.text)
}

fn agent() -> Skillset {
    Skillset::new("word-agent").with(ask)
}

#[tokio::main]
async fn main() -> ExitCode {
    glassbox::serve_agent(agent()).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox::Agent;

    #[test]
    fn the_agent_can_be_asked() {
        let agent = agent();
        let [skill] = agent.capabilities() else {
            panic!("one skill")
        };
        assert_eq!(skill.name, "ask");
        assert_eq!(skill.description, "Answers questions about texts.");
    }
}
