//! The page of the local backend in a real Chromium: accessibility, keyboard, and contents.

use crate::{backend::Running, python};
use serde_json::Value;
use std::path::Path;
use tokio::process::Command;

/// The exit status of the script without a browser.
const NO_BROWSER: i32 = 77;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_accessible_and_does_what_its_keys_say() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let backend = Running::start().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/page.py");
    let output = Command::new(interpreter)
        .arg(script)
        .args([backend.http(), backend.page()])
        .output()
        .await
        .unwrap();
    if output.status.code() == Some(NO_BROWSER) {
        python::skip("there is no Chromium; `cargo xtask setup` installs it");
        return;
    }
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["failures"], serde_json::json!([]));
    assert!(report["checks"].as_u64().unwrap() >= 120, "{report}");
}
