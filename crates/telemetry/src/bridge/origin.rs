//! What the metadata of an event say.

use tracing::Metadata;

/// The name that the application gave an event: `info!(name: "order.paid", …)`.
pub(super) fn event_name(metadata: &'static Metadata<'static>) -> Option<&'static str> {
    let name = metadata.name();
    (!is_from_log(metadata) && !is_generated(name, metadata)).then_some(name)
}

/// Whether it is the name that the macros of `tracing` make up: `event src/main.rs:7`.
fn is_generated(name: &str, metadata: &Metadata<'_>) -> bool {
    let place = name.strip_prefix("event ");
    let line = place.zip(metadata.file()).and_then(|(place, file)| {
        let line = place.strip_prefix(file)?.strip_prefix(':')?;
        line.parse::<u32>().ok()
    });
    line.is_some()
}

/// Whether it is a record of the `log` crate, passed on by `tracing-log`. Its metadata are those of
/// the bridge; target and place of the original are among the fields.
pub(super) fn is_from_log(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "log"
}
