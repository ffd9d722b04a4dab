//! Finding and calling other services over HTTP.

mod connector;
mod credentials;
mod discovery;
mod registration;
mod registry;
mod remote;

pub use connector::HttpConnector;
pub use credentials::Credentials;
pub use discovery::HttpDiscovery;
pub use registry::HttpRegistry;
pub use remote::RemoteTool;

use glassbox_core::{Category, Problem};
use glassbox_instrument::{HttpError, HttpResponse};
use std::time::{Duration, SystemTime};

/// The problem in a response with a status of 400 or more.
///
/// If the body is not a problem, one is made from the status and names the peer.
async fn problem(peer: &str, response: HttpResponse) -> Result<Problem, HttpError> {
    let status = response.status();
    let header = response.headers().get("retry-after");
    let wait = header
        .and_then(|value| value.to_str().ok())
        .and_then(|text| retry_after(text.trim(), SystemTime::now()));
    let body = response.bytes().await?;
    if let Ok(problem) = serde_json::from_slice::<Problem>(&body) {
        let problem = problem.from_peer();
        return Ok(match (problem.retry_after(), wait) {
            (None, Some(wait)) => problem.with_retry_after(wait),
            _ => problem,
        });
    }
    let category = Category::from_status(status.as_u16());
    let code = format!("http.status_{}", status.as_u16());
    let message = format!(
        "{peer} answered {status} without an error body; is it a Glassbox service? {}",
        excerpt(&body)
    );
    let problem = Problem::new(category, code, message.trim_end());
    Ok(match wait {
        Some(wait) => problem.with_retry_after(wait),
        None => problem,
    })
}

/// A wait in seconds or until a date; a date in the past means now.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let date = httpdate::parse_http_date(text).ok()?;
            Some(date.duration_since(now).unwrap_or_default())
        }
    }
}

/// The beginning of a body that could not be parsed.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    match text.trim() {
        "" => String::new(),
        text => format!("It said: {text}"),
    }
}

/// A text as one segment of a path.
fn path_segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                segment.push(char::from(byte));
            }
            _ => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}
