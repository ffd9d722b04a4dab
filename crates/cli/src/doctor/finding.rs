//! What was found at one hop of the way.

use serde::Serialize;

/// One hop of the way from an application to what a person sees, in the order of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Hop {
    /// The code that emits.
    Application,
    /// What tells its telemetry where to send, and whether.
    Settings,
    /// What telemetry is sent to, as far as the network goes.
    Port,
    /// Whoever receives there.
    Collector,
    /// Where it is kept and shown.
    Backend,
    /// What has come from applications.
    Arrivals,
}

impl Hop {
    /// As a person reads it.
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

/// How it stands with what was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mark {
    /// As it should be.
    Well,
    /// Worth knowing, and as somebody wanted it.
    Note,
    /// Nothing gets past here, or something is lost here.
    Broken,
    /// It could not be looked at.
    Unknown,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) hop: Hop,
    pub(super) mark: Mark,
    /// What kind of thing it is; a promise to scripts.
    pub(super) code: &'static str,
    /// What there is and where, in one sentence.
    pub(super) what: String,
    /// What to do about it.
    pub(super) mend: Option<String>,
}

impl Finding {
    fn new(hop: Hop, mark: Mark, code: &'static str, what: impl Into<String>) -> Self {
        Self {
            hop,
            mark,
            code,
            what: what.into(),
            mend: None,
        }
    }

    /// Something is as it should be.
    pub(super) fn well(hop: Hop, what: impl Into<String>) -> Self {
        Self::new(hop, Mark::Well, "well", what)
    }

    /// Something is worth knowing.
    pub(super) fn note(hop: Hop, code: &'static str, what: impl Into<String>) -> Self {
        Self::new(hop, Mark::Note, code, what)
    }

    /// Something is broken, and this mends it.
    pub(super) fn broken(
        hop: Hop,
        code: &'static str,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self::new(hop, Mark::Broken, code, what).mend(mend)
    }

    /// Something could not be looked at.
    pub(super) fn unknown(hop: Hop, code: &'static str, what: impl Into<String>) -> Self {
        Self::new(hop, Mark::Unknown, code, what)
    }

    /// And what to do about it.
    pub(super) fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }
}
