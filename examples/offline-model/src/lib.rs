//! A model for machines without a model: an OpenAI-Chat-compatible server that answers by rules.
//!
//! It contains no rules for particular tools. Its calls follow from the question and from the names,
//! descriptions and schemas of the tools in the request:
//!
//! 1. The question (the last user message) is cut into clauses at sentence marks, and at `and` before
//!    a question word. Each clause takes the tool whose name, description and parameters share most
//!    words with it (words without meaning are ignored), and another tool if its name is in the clause.
//! 2. Parameters are filled from the question: places are capitalised words, zones look like
//!    `Europe/Oslo`, days are `today`, `tomorrow` or `2026-11-22`, numbers are numbers. Values
//!    missing in the question are taken from results of earlier calls for the same place, or else from
//!    a call of a tool whose description names the value.
//! 3. All calls that can be made are made at once. When there are none left, the results become
//!    sentences; failures are reported as failures.
//!
//! The same conversation always gives the same answer, on the same day. A token is four characters,
//! rounded up for each text.

mod access;
mod answer;
mod conversation;
mod exchange;
mod plan;
mod question;
mod quotes;
mod reply;
mod tool;
mod wire;
mod words;

pub use access::{Access, AccessArgs};
pub use exchange::{MODEL, router, serve};
