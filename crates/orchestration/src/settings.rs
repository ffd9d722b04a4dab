//! The section `[orchestration]`.

use glassbox_config::{Section, Variable};
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;

/// How many steps of a run are in progress at once by default.
pub(crate) const MAX_PARALLEL: NonZeroUsize =
    NonZeroUsize::new(8).expect("invariant: eight is not zero");

/// The section `[orchestration]`.
///
/// ```
/// use glassbox_config::{Environment, Settings};
/// use glassbox_orchestration::OrchestrationSettings;
///
/// let environment = Environment::from([("GLASSBOX_WORKFLOW_MAX_PARALLEL", "3")]);
/// let settings = Settings::builder()
///     .section::<OrchestrationSettings>()
///     .environment(&environment)
///     .build()?;
/// assert_eq!(settings.load::<OrchestrationSettings>()?.max_parallel.get(), 3);
/// # Ok::<(), glassbox_config::SettingsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct OrchestrationSettings {
    /// How many steps of a run may be in progress at once.
    pub max_parallel: NonZeroUsize,
}

impl Default for OrchestrationSettings {
    fn default() -> Self {
        Self {
            max_parallel: MAX_PARALLEL,
        }
    }
}

impl Section for OrchestrationSettings {
    const NAME: &'static str = "orchestration";
    const VARIABLES: &'static [Variable] = &[Variable::new(
        "GLASSBOX_WORKFLOW_MAX_PARALLEL",
        "max_parallel",
    )];
}
