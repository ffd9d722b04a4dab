//! An image that cargo built inside Docker, as for users without Rust.

use crate::{
    part::Setup,
    stage::{KEY, name, network, variable},
};
use glassbox_core::Cx;
use glassbox_instrument::HttpClient;
use serde_json::{Value, json};
use testcontainers::ImageExt;

/// The port of the model's image.
const PORT: u16 = 4390;

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_was_compiled_inside_of_docker_is_healthy_and_answers() {
    let network = network();
    let image = variable("GLASSBOX_MULTI_STAGE_IMAGE");
    let model = Setup::new(&image, &name(&network, "model"), &network)
        .with(|request| request.with_cap_drop("ALL"))
        .with_variable("GLASSBOX_OFFLINE_MODEL_KEY", KEY)
        .publishing(PORT)
        .start()
        .await;
    model.healthy().await;
    let url = format!("http://{}/v1/chat/completions", model.authority(PORT).await);
    let question = json!({
        "model": "offline",
        "messages": [{"role": "user", "content": "What time is it in Tromsø?"}],
    });
    let answered = HttpClient::new().post(&url).bearer(KEY).json(&question);
    let answered = answered.send(&Cx::background()).await.unwrap();
    assert!(answered.status().is_success(), "{}", answered.status());
    let answer: Value = answered.json().await.unwrap();
    let text = answer["choices"][0]["message"]["content"].as_str();
    assert!(text.is_some_and(|text| !text.is_empty()), "{answer}");
}
