//! The image of the collector.

use testcontainers::GenericImage;

const VARIABLE: &str = "GLASSBOX_COLLECTOR_IMAGE";

/// The image of the collector.
pub(super) fn image() -> GenericImage {
    let Ok(reference) = std::env::var(VARIABLE) else {
        panic!("{VARIABLE} names no image; run `cargo xtask collector`");
    };
    named(&reference)
}

/// Parses an image reference. The tag follows the last colon of the last path segment.
pub(crate) fn named(reference: &str) -> GenericImage {
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => GenericImage::new(name, tag),
        _ => GenericImage::new(reference, "latest"),
    }
}
