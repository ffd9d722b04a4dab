//! Functions that cannot be tools.
#![allow(unused_imports)]

use glassbox_core::{Cx, ToolError, World};
use glassbox_macros::tool;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Words {
    text: String,
}

#[tool(read_only, crate = glassbox_core)]
async fn undocumented(input: Words) -> Result<usize, ToolError> {
    Ok(input.text.len())
}

/// Is not asynchronous.
#[tool(read_only, crate = glassbox_core)]
fn blocking(input: Words) -> Result<usize, ToolError> {
    Ok(input.text.len())
}

/// Returns no result.
#[tool(read_only, crate = glassbox_core)]
async fn infallible(input: Words) -> usize {
    input.text.len()
}

/// Returns nothing.
#[tool(read_only, crate = glassbox_core)]
async fn silent(input: Words) {
    drop(input);
}

/// Takes two inputs.
#[tool(read_only, crate = glassbox_core)]
async fn two(cx: &Cx, input: Words, limit: usize) -> Result<usize, ToolError> {
    Ok(input.text.len().min(limit))
}

/// Borrows its input.
#[tool(read_only, crate = glassbox_core)]
async fn borrowing(input: &Words) -> Result<usize, ToolError> {
    Ok(input.text.len())
}

/// Reaches for the world.
#[tool(read_only, crate = glassbox_core)]
async fn curious(world: &World<'_>) -> Result<usize, ToolError> {
    Ok(0)
}

/// Is generic.
#[tool(read_only, crate = glassbox_core)]
async fn generic<T>(input: T) -> Result<usize, ToolError> {
    Ok(0)
}

/// Has a name that is no capability's.
#[tool(read_only, crate = glassbox_core)]
#[expect(non_snake_case)]
async fn countWords(input: Words) -> Result<usize, ToolError> {
    Ok(input.text.len())
}

fn main() {}
