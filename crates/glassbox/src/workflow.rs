//! The runner of workflows of a program that the shell started.

use glassbox_orchestration::{OrchestrationSettings, Runner};
use std::sync::{Arc, OnceLock};

/// One process is one service, so it has one configuration.
static SETTINGS: OnceLock<OrchestrationSettings> = OnceLock::new();

/// Creates a runner on the system's clock, with the settings of the section `[orchestration]` and the content capture
/// setting of the section `[ai]`.
///
/// Before [`serve_agent`](crate::serve_agent) has read the settings, as in a test, the defaults apply.
///
/// ```
/// use glassbox::{Cx, ToolError, World, orchestration::Graph};
///
/// async fn plan(cx: &Cx, world: &World<'_>, graph: &Graph) -> Result<String, ToolError> {
///     let run = glassbox::runner().run(cx, world, graph, Default::default()).await?;
///     Ok(run.output.to_string())
/// }
/// ```
pub fn runner() -> Runner {
    let runner = Runner::new(Arc::new(glassbox_host::SystemClock));
    let runner = match SETTINGS.get() {
        Some(settings) => runner.configured(settings),
        None => runner,
    };
    #[cfg(feature = "ai")]
    let runner = runner.with_content_capture(crate::assistant::captures_content());
    runner
}

/// Sets the settings of the process. Later calls have no effect.
pub(crate) fn configure(settings: &OrchestrationSettings) {
    SETTINGS.get_or_init(|| settings.clone());
}
