//! Methods that cannot be tools.
#![allow(unused_imports)]

use glassbox_core::ToolError;
use glassbox_macros::{tool, tools};

struct Lonely;

impl Lonely {
    /// Is in a block without an attribute.
    #[tool(read_only, crate = glassbox_core)]
    async fn total(&self) -> Result<usize, ToolError> {
        Ok(0)
    }
}

struct Exclusive;

#[tools(crate = glassbox_core)]
impl Exclusive {
    /// Needs the value for itself.
    #[tool]
    async fn add(&mut self) -> Result<usize, ToolError> {
        Ok(0)
    }
}

struct Unmarked;

#[tools(crate = glassbox_core)]
impl Unmarked {
    /// Is not marked.
    async fn total(&self) -> Result<usize, ToolError> {
        Ok(0)
    }
}

struct Misplaced;

#[tools(read_only, crate = glassbox_core)]
impl Misplaced {
    /// Returns the total.
    #[tool]
    async fn total(&self) -> Result<usize, ToolError> {
        Ok(0)
    }
}

fn main() {}
