//! A service that calls back: the test service that the W3C trace-context suite requires.
//!
//! It consists of `ServerLayer` and `HttpClient`, like any axum application. The body of a request lists calls to make
//! (`[{"url": …, "arguments": …}]`); each is a POST with the `Cx` of the request. The argument `with-telemetry` or
//! `without-telemetry` selects what is tested. It prints its URL, and ends when its standard input closes.

use axum::{Extension, Json, Router, http::StatusCode, routing::post};
use glassbox_config::{Environment, Settings};
use glassbox_core::{Cx, sentence};
use glassbox_instrument::{HttpClient, ServerLayer};
use glassbox_telemetry::{TelemetryConfig, TelemetryGuard};
use serde::Deserialize;
use serde_json::Value;
use std::{
    error::Error,
    io::{Read, Write},
    net::Ipv4Addr,
    time::Duration,
};

/// Timeout for delivering telemetry at the end.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(10);

/// A call to make.
#[derive(Deserialize)]
struct Call {
    url: String,
    arguments: Value,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let telemetry = match std::env::args().nth(1).as_deref() {
        Some("with-telemetry") => Some(install()?),
        Some("without-telemetry") => None,
        other => return Err(format!("neither with nor without telemetry: {other:?}").into()),
    };
    let client = HttpClient::new();
    let calls = post(
        async move |Extension(cx): Extension<Cx>, Json(calls): Json<Vec<Call>>| {
            for call in calls {
                let request = client.post(&call.url).json(&call.arguments);
                let answer = async { request.send(&cx).await?.bytes().await };
                let answer = answer.await;
                answer.map_err(|error| (StatusCode::BAD_GATEWAY, sentence(&error)))?;
            }
            Ok::<_, (StatusCode, String)>(Json(Value::Null))
        },
    );
    let service = Router::new().route("/", calls).layer(ServerLayer::new());
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "http://{}/", listener.local_addr()?)?;
    stdout.flush()?;

    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        served = axum::serve(listener, service).into_future() => served?,
        ended = ended => { ended??; }
    }
    if let Some(telemetry) = telemetry {
        telemetry.shutdown(FLUSH_TIMEOUT).await;
    }
    Ok(())
}

fn install() -> Result<TelemetryGuard, Box<dyn Error>> {
    let environment = Environment::from_process();
    let settings = Settings::builder()
        .section::<TelemetryConfig>()
        .environment(&environment)
        .build()?;
    let config = TelemetryConfig::for_service("hop", &settings)?;
    Ok(glassbox_telemetry::init(config)?)
}
