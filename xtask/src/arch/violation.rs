//! Violations of the crate graph, each one sentence that states the fix.

use std::{collections::BTreeSet, fmt};

use crate::policy::Section;

/// One disagreement between the manifests and the policy.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The crate with the offending manifest or rule.
    pub(crate) krate: String,
    pub(crate) fault: Fault,
}

/// The ways in which a graph disagrees.
#[derive(Debug)]
pub(crate) enum Fault {
    Unclassified,
    StaleRule,
    Forbidden {
        section: Section,
        edge: String,
    },
    StalePermission {
        section: Section,
        name: String,
    },
    Upward {
        edge: String,
    },
    ForeignCopy {
        edge: String,
    },
    ApplicationOnly {
        edge: String,
        reason: String,
    },
    ImportsApplication {
        edge: String,
    },
    ImportsShell {
        edge: String,
    },
    TestOnly {
        edge: String,
    },
    DefaultFeatures {
        found: BTreeSet<String>,
        allowed: BTreeSet<String>,
    },
    PinnedFeatures {
        edge: String,
        found: BTreeSet<String>,
        pinned: BTreeSet<String>,
    },
    StalePin {
        name: String,
    },
    ImplicitFeature {
        feature: String,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let krate = &self.krate;
        match &self.fault {
            Fault::Unclassified => {
                write!(
                    f,
                    "`{krate}` is a member that architecture.toml does not know: give it a layer"
                )
            }
            Fault::StaleRule => {
                write!(f, "`{krate}` has a rule and is no member: remove the rule")
            }
            Fault::Forbidden { section, edge } => {
                write!(
                    f,
                    "`{krate}` imports {edge}, which its `{}` does not permit",
                    section.key()
                )
            }
            Fault::StalePermission { section, name } => {
                let key = section.key();
                write!(
                    f,
                    "`{krate}` may import `{name}` and does not: take it out of its `{key}`"
                )
            }
            Fault::Upward { edge } => {
                write!(
                    f,
                    "`{krate}` imports {edge} from its own layer or a higher one"
                )
            }
            Fault::ForeignCopy { edge } => write!(
                f,
                "`{krate}` imports {edge}, which is a path outside the workspace or a foreign copy of a member"
            ),
            Fault::ApplicationOnly { edge, reason } => write!(
                f,
                "`{krate}` is no application and imports {edge}, which only applications may: {reason}"
            ),
            Fault::ImportsApplication { edge } => {
                write!(
                    f,
                    "`{krate}` is a library and imports {edge}, an application"
                )
            }
            Fault::ImportsShell { edge } => {
                write!(
                    f,
                    "`{krate}` is a library and imports {edge}, which only applications may: it is a shell"
                )
            }
            Fault::TestOnly { edge } => {
                write!(
                    f,
                    "`{krate}` imports {edge}, a test crate: make it a dev-dependency"
                )
            }
            Fault::DefaultFeatures { found, allowed } => {
                write!(
                    f,
                    "`{krate}` has the default features {found:?}, the policy says {allowed:?}"
                )
            }
            Fault::PinnedFeatures {
                edge,
                found,
                pinned,
            } => write!(
                f,
                "`{krate}` asks {edge} for the features {found:?}, the policy says exactly {pinned:?}"
            ),
            Fault::StalePin { name } => write!(
                f,
                "`{krate}` pins the features of `{name}` and does not import it: remove the pin"
            ),
            Fault::ImplicitFeature { feature } => write!(
                f,
                "`{krate}` leaks the optional dependency `{feature}` as a feature: name it with `dep:`"
            ),
        }
    }
}
