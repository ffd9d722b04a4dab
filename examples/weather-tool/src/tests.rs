use super::*;
use glassbox::{Outcome, Tool};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Starts a service that answers one request; returns its address.
async fn service(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).await.unwrap();
        assert!(request[..read].starts_with(b"GET /v1/forecast?latitude=69.65&longitude=18.96&"));
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n");
        let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    address
}

async fn ask(service: String) -> Result<serde_json::Value, ToolError> {
    let tool = Toolbox::new("weather-tool").with_tools(Weather::from_service(service));
    let input = json!({"latitude": 69.65, "longitude": 18.96});
    let answer = tool.call(&Cx::background(), "weather", input).await;
    answer
        .and_then(Outcome::into_output)
        .map(|output| output.value)
}

#[tokio::test]
async fn the_answer_is_put_into_words() {
    let body = r#"{"current":{"temperature_2m":-4.2,"wind_speed_10m":3.1,"weather_code":71,"interval":900}}"#;
    let answer = ask(service("200 OK", body).await).await.unwrap();
    assert_eq!(
        answer,
        json!({"temperature_celsius": -4.2, "wind_speed": 3.1, "weather": "light snow"})
    );
}

#[tokio::test]
async fn without_internet_the_error_says_what_is_needed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = ask(address.clone()).await.unwrap_err();
    assert_eq!(error.category(), Category::Unavailable);
    assert_eq!(
        error.message(),
        format!(
            "the weather service at {address} was not reached; this tool needs internet access"
        )
    );
}

#[tokio::test]
async fn a_refusal_keeps_its_meaning() {
    let error = ask(service("429 Too Many Requests", "{}").await)
        .await
        .unwrap_err();
    assert_eq!(error.category(), Category::RateLimited);
    let error = ask(service("200 OK", "{}").await).await.unwrap_err();
    assert_eq!(error.code(), "weather.not_understood");
}
