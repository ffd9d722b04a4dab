//! Types that do not fit the contract.
use glassbox_core::Toolbox;
use glassbox_macros::tool;

struct Opaque;

struct MyError;

/// Fails with what is no tool error.
#[tool(read_only, crate = glassbox_core)]
async fn foreign() -> Result<usize, MyError> {
    Err(MyError)
}

fn tool() -> Toolbox {
    Toolbox::new("group").with_tools(Opaque)
}

fn main() {}
