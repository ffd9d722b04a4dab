//! The files of the page; a test compares the list with the folder.

use super::File;

macro_rules! file {
    ($path:literal) => {
        File {
            path: concat!("/assets/", $path),
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/web/", $path)),
        }
    };
}

/// The document of every view.
pub(super) static INDEX: File = file!("index.html");

/// The files that the document loads.
pub(super) static FILES: &[File] = &[
    file!("app.css"),
    file!("favicon.svg"),
    file!("js/api.js"),
    file!("js/attributes.js"),
    file!("js/chart.js"),
    file!("js/collector.js"),
    file!("js/conversation.js"),
    file!("js/format.js"),
    file!("js/keys.js"),
    file!("js/logs-view.js"),
    file!("js/main.js"),
    file!("js/metrics-view.js"),
    file!("js/router.js"),
    file!("js/run-view.js"),
    file!("js/runs-list.js"),
    file!("js/search.js"),
    file!("js/series.js"),
    file!("js/services-view.js"),
    file!("js/span-aside.js"),
    file!("js/status-footer.js"),
    file!("js/trace.js"),
    file!("js/ui.js"),
    file!("js/waterfall.js"),
    file!("vendor/LICENSE-htm.txt"),
    file!("vendor/LICENSE-preact.txt"),
    file!("vendor/LICENSE-uplot.txt"),
    file!("vendor/hooks.js"),
    file!("vendor/htm.js"),
    file!("vendor/preact.js"),
    file!("vendor/uplot.css"),
    file!("vendor/uplot.js"),
];
