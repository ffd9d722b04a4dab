//! A finding at one hop of the path.

use serde::Serialize;

/// The hops from the application to the page, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Hop {
    /// The code that emits.
    Application,
    /// The telemetry settings.
    Settings,
    /// The endpoint, at the network level.
    Port,
    /// The receiver.
    Collector,
    /// The store and the page.
    Backend,
    /// The telemetry of applications.
    Arrivals,
}

impl Hop {
    /// The name in the report.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Settings => "settings",
            Self::Port => "port",
            Self::Collector => "collector",
            Self::Backend => "backend",
            Self::Arrivals => "arrivals",
        }
    }
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mark {
    /// The check passed.
    Well,
    /// Worth knowing, but not an error.
    Note,
    /// Telemetry is blocked or lost here.
    Broken,
    /// The check could not run.
    Unknown,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) hop: Hop,
    pub(super) mark: Mark,
    /// The kind of finding. Scripts rely on it.
    pub(super) code: &'static str,
    /// What was found and where, in one sentence.
    pub(super) what: String,
    /// How to fix it.
    pub(super) fix: Option<String>,
}

impl Finding {
    fn new(hop: Hop, mark: Mark, code: &'static str, what: impl Into<String>) -> Self {
        Self {
            hop,
            mark,
            code,
            what: what.into(),
            fix: None,
        }
    }

    /// A passed check.
    pub(super) fn well(hop: Hop, what: impl Into<String>) -> Self {
        Self::new(hop, Mark::Well, "well", what)
    }

    /// A note.
    pub(super) fn note(hop: Hop, code: &'static str, what: impl Into<String>) -> Self {
        Self::new(hop, Mark::Note, code, what)
    }

    /// A problem and its fix.
    pub(super) fn broken(
        hop: Hop,
        code: &'static str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(hop, Mark::Broken, code, what).fix(fix)
    }

    /// A check that could not run.
    pub(super) fn unknown(hop: Hop, code: &'static str, what: impl Into<String>) -> Self {
        Self::new(hop, Mark::Unknown, code, what)
    }

    /// Adds the fix.
    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}
