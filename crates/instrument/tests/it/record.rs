//! One call records one series.

use glassbox_instrument::{AiRequest, record_ai_request, record_tool_call};
use glassbox_testkit::TelemetryCapture;
use std::time::Duration;

const TOOK: Duration = Duration::from_millis(250);

#[test]
fn a_tool_call_and_an_ai_request_tell_module_operation_duration_and_status() {
    let capture = TelemetryCapture::install();
    record_tool_call("support", "find_order", TOOK, Ok(()));
    record_tool_call("support", "find_order", TOOK, Err("timeout"));
    let duration = "gen_ai.execute_tool.duration";
    let call = [
        ("gen_ai.tool.name", "find_order"),
        ("glassbox.module", "support"),
    ];
    assert_eq!(capture.histogram(duration, &call), [0.25, 0.25]);
    let failed = [call[0], call[1], ("error.type", "timeout")];
    assert_eq!(capture.histogram(duration, &failed), [0.25]);

    let request = AiRequest::new("support", "chat", "openai", "gpt-5-mini");
    record_ai_request(request, TOOK, Ok(()));
    record_ai_request(request, TOOK, Err("rate_limited"));
    let duration = "gen_ai.client.operation.duration";
    let request = [
        ("glassbox.module", "support"),
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", "gpt-5-mini"),
    ];
    assert_eq!(capture.histogram(duration, &request), [0.25, 0.25]);
    let failed = [
        ("glassbox.module", "support"),
        ("error.type", "rate_limited"),
    ];
    assert_eq!(capture.histogram(duration, &failed), [0.25]);
}
