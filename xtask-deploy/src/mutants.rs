//! The mutants of the checks that are here: edits of `xtask/fixture` that each of them must turn red.

mod manifests;
mod suites;

pub(crate) use manifests::{COLLECTOR_MUTANTS, OBJECT_MUTANTS, REFERENCE_MUTANTS};
pub(crate) use suites::SUITE_MUTANTS;
