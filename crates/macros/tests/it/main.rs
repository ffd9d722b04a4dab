//! Tests of the attributes as authors use them.

mod skills;
mod tools;
mod ui;
