//! What a collector supports, by its version and its component names.

use super::Draft;

impl Draft<'_> {
    /// Returns whether queues are measured in bytes, block when they are full, and split large requests: since 0.130.
    pub(super) fn measures_bytes(&self) -> bool {
        // A distribution may have version numbers of its own, so check for the new name as well, which came
        // later, in 0.144.
        self.components.exporters.contains("otlp_http") || self.at_least(130)
    }

    /// Returns whether it accepts the current form of the setting that sends its own metrics by OTLP: since 0.119.
    pub(super) fn pushes_metrics(&self) -> bool {
        self.components.exporters.contains("otlp_http") || self.at_least(119)
    }

    fn at_least(&self, minor: u32) -> bool {
        self::minor(&self.components.version).is_some_and(|version| version >= minor)
    }
}

/// Returns the second part of a version of the collector, which has been 0.x from the beginning.
fn minor(version: &str) -> Option<u32> {
    let mut parts = version.trim_start_matches('v').split('.');
    match (parts.next(), parts.next()) {
        (Some("0"), Some(minor)) => minor.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_part_of_a_version_is_read() {
        assert_eq!(minor("0.159.0"), Some(159));
        assert_eq!(minor("v0.118.0-rc.1"), Some(118));
        assert_eq!(minor("2.1.0"), None);
        assert_eq!(minor("latest"), None);
    }
}
