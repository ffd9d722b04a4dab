//! Options that are mistyped or contradict each other.
#![allow(unused_imports)]

use glassbox_core::ToolError;
use glassbox_macros::{skill, tool};

/// Mistypes an option.
#[tool(readonly, crate = glassbox_core)]
async fn mistyped() -> Result<usize, ToolError> {
    Ok(0)
}

/// Uses an option that nothing is like.
#[tool(colour = "red", crate = glassbox_core)]
async fn coloured() -> Result<usize, ToolError> {
    Ok(0)
}

/// Contradicts itself.
#[tool(read_only, destructive, crate = glassbox_core)]
async fn torn() -> Result<usize, ToolError> {
    Ok(0)
}

/// Has a time-out without a unit.
#[tool(timeout = "5", crate = glassbox_core)]
async fn unitless() -> Result<usize, ToolError> {
    Ok(0)
}

/// Has a cost that is no class.
#[tool(cost = dear, crate = glassbox_core)]
async fn dear() -> Result<usize, ToolError> {
    Ok(0)
}

/// Has a title without a text.
#[tool(title, crate = glassbox_core)]
async fn untitled() -> Result<usize, ToolError> {
    Ok(0)
}

/// Is always open.
#[skill(closed_world, crate = glassbox_core)]
async fn closed() -> Result<usize, ToolError> {
    Ok(0)
}

fn main() {}
