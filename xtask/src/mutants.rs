//! The mutants of the checks in this crate: edits of `xtask/fixture` that must make each of them fail.

mod api;
mod circle;
mod foreign;
mod graph;
mod step;

pub(crate) use api::API_MUTANTS;
pub(crate) use circle::CIRCLE_MUTANTS;
pub(crate) use foreign::{BAN_MUTANTS, CLOSURE_MUTANTS, LICENCE_MUTANTS, SOURCES_MUTANTS};
pub(crate) use graph::{EDGE_MUTANTS, MANIFEST_MUTANTS, SOURCE_MUTANTS, UNUSED_MUTANTS};
pub(crate) use step::{
    CLIPPY_MUTANTS, DOCUMENTATION_MUTANTS, FEATURE_MUTANTS, FORMAT_MUTANTS, TEST_MUTANTS,
    TIDY_MUTANTS,
};
