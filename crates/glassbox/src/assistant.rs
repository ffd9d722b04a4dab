//! The assistant of a program that the shell started.

use glassbox_ai::{Assistant, ModelConfig};
use std::sync::OnceLock;

/// One process is one service, so it has one configuration of its model.
static CONFIG: OnceLock<ModelConfig> = OnceLock::new();

/// Creates an assistant with this name. The section `[ai]` sets its step limit and whether it captures content.
///
/// Before [`serve_agent`](crate::serve_agent) has read the settings, as in a test, the defaults apply.
///
/// ```
/// use glassbox::{Cx, ToolError, World};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Question {
///     /// The question, in words.
///     question: String,
/// }
///
/// /// Answers questions about texts.
/// #[glassbox::skill(read_only)]
/// async fn ask(cx: &Cx, world: &World<'_>, input: Question) -> Result<String, ToolError> {
///     let assistant = glassbox::assistant("word-agent").with_instructions("Answer in one sentence.");
///     Ok(assistant.answer(cx, world, &input.question).await?.text)
/// }
/// ```
pub fn assistant(name: impl Into<String>) -> Assistant {
    let assistant = Assistant::new(name);
    match CONFIG.get() {
        Some(config) => assistant.configured(config),
        None => assistant,
    }
}

/// Whether the settings enable content on spans.
#[cfg(feature = "orchestration")]
pub(crate) fn captures_content() -> bool {
    let config = CONFIG.get();
    config.is_some_and(|config| config.content_capture().is_on())
}

/// Sets the configuration of the process. Later calls have no effect.
pub(crate) fn configure(config: &ModelConfig) {
    CONFIG.get_or_init(|| config.clone());
}
