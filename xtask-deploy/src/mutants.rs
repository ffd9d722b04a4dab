//! The mutants of the checks in this crate: edits of `xtask/fixture` that must make each of them fail.

mod manifests;
mod suites;

pub(crate) use manifests::{COLLECTOR_MUTANTS, OBJECT_MUTANTS, REFERENCE_MUTANTS};
pub(crate) use suites::SUITE_MUTANTS;
