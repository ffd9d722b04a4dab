//! Attributes that turn functions into tools and skills.
//!
//! | attribute | on | makes |
//! |---|---|---|
//! | [`macro@tool`] | an `async fn` | a unit struct of the same name that implements `TypedTool` |
//! | [`macro@tools`] | an `impl` block | a tool of each method that has `#[tool]`; they share the value |
//! | [`macro@skill`] | an `async fn` of an agent | a unit struct of the same name that implements `TypedAgent` |
//!
//! # Options
//!
//! | option | meaning |
//! |---|---|
//! | `read_only`, `idempotent`, `mutating`, `destructive` | the effect of a call; `mutating` if omitted |
//! | `title = "…"` | the display name |
//! | `name = "…"` | the capability's name, if it differs from the function's |
//! | `timeout = "5s"` | timeout of a call if the caller sets no deadline (`ms`, `s`, `m`, `h`) |
//! | `cost = free` | `free`, `cheap` or `expensive` |
//! | `tags("a", "b")` | search terms |
//! | `honours_idempotency_key` | two calls with one key take effect once |
//! | `open_world`, `closed_world` | whether a tool accesses systems outside the service; `open_world` if omitted |
//! | `lenient` | accepts unknown input fields |
//! | `crate = path` | the crate with the contracts; `::glassbox` if omitted, else e.g. `::glassbox_core` |
//!
//! Internally, `options` parses the attribute, `signature` parses the function, `capability` converts both to
//! constants of the trait, and `free` and `group` generate the items.

mod capability;
mod duration;
mod free;
mod group;
mod nearest;
mod options;
mod signature;

use proc_macro::TokenStream;

/// Turns an `async fn` into a tool.
///
/// The function takes `cx: &Cx` and its input, each of which may be omitted, and returns `Result<Output, ToolError>`.
/// The error can be any type that converts into `ToolError`. The doc comment is the description that models read, up to
/// its first heading.
///
/// ```
/// # use glassbox_core as glassbox;
/// use glassbox::{Cx, ToolError, Toolbox};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Words {
///     /// The text to count.
///     text: String,
/// }
///
/// # use glassbox_macros::tool;
/// /// Counts the words of a text.
/// #[tool(read_only, crate = glassbox_core)]
/// async fn count_words(_cx: &Cx, input: Words) -> Result<usize, ToolError> {
///     Ok(input.text.split_whitespace().count())
/// }
///
/// let tool = Toolbox::new("word-tool").with(count_words);
/// # let _ = async {
/// // In a test:
/// let input = Words { text: "two words".to_owned() };
/// assert_eq!(count_words.call(&Cx::background(), input).await?, 2);
/// # Ok::<(), ToolError>(()) };
/// ```
///
/// The function becomes a unit struct of the same name, so the name cannot be used for a local variable in the same
/// module. The options are listed in the documentation of the crate.
#[proc_macro_attribute]
pub fn tool(options: TokenStream, item: TokenStream) -> TokenStream {
    or_error(free::expand(free::Kind::Tool, options.into(), item.into()))
}

/// Turns an `async fn` into an agent's skill.
///
/// The function takes `cx: &Cx`, `world: &World<'_>` and its input, each of which may be omitted, and returns
/// `Result<Output, ToolError>`. Everything else is as with [`macro@tool`].
///
/// ```
/// # use glassbox_macros::skill;
/// use glassbox_core::{Cx, Filter, Skillset, ToolError, World};
///
/// /// Counts the tools that are ready.
/// #[skill(read_only, crate = glassbox_core)]
/// async fn count_tools(cx: &Cx, world: &World<'_>) -> Result<usize, ToolError> {
///     Ok(world.discovery.find(cx, &Filter::tools()).await?.len())
/// }
///
/// let agent = Skillset::new("tool-counter").with(count_tools);
/// ```
#[proc_macro_attribute]
pub fn skill(options: TokenStream, item: TokenStream) -> TokenStream {
    or_error(free::expand(free::Kind::Skill, options.into(), item.into()))
}

/// Turns the methods of an `impl` block that have `#[tool(…)]` into tools that share the value.
///
/// ```
/// # use glassbox_macros::tools;
/// use glassbox_core::{ToolError, Toolbox};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[derive(Default)]
/// struct Tally(AtomicU64);
///
/// #[tools(crate = glassbox_core)]
/// impl Tally {
///     /// Adds one to the tally.
///     #[tool]
///     async fn increment(&self) -> Result<u64, ToolError> {
///         Ok(self.0.fetch_add(1, Ordering::Relaxed) + 1)
///     }
///
///     /// Returns the tally.
///     #[tool(read_only)]
///     async fn total(&self) -> Result<u64, ToolError> {
///         Ok(self.0.load(Ordering::Relaxed))
///     }
/// }
///
/// let tool = Toolbox::new("tally").with_tools(Tally::default());
/// ```
///
/// The methods stay unchanged, so tests can call them directly. The attribute is on the block because a macro on a
/// method can only generate other methods, and a tool is an implementation of a trait.
#[proc_macro_attribute]
pub fn tools(options: TokenStream, item: TokenStream) -> TokenStream {
    or_error(group::expand(options.into(), item.into()))
}

fn or_error(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}
