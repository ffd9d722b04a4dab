use super::*;
use glassbox_config::Environment;

fn config<const N: usize>(variables: [(&str, &str); N]) -> Result<ModelConfig, String> {
    ModelConfig::from_environment(&Environment::from(variables)).map_err(|error| error.to_string())
}

#[test]
fn a_key_is_enough() {
    let config = self::config([("OPENAI_API_KEY", "sk-1")]).unwrap();
    assert_eq!(
        config.providers()[0].base_url(),
        "https://api.openai.com/v1"
    );
    assert_eq!(config.providers()[0].identity().id(), "openai/gpt-5-mini");
    assert_eq!(config.providers()[0].identity().port, 443);
    assert!(!format!("{config:?}").contains("sk-1"));
}

#[test]
fn a_server_without_a_key_is_enough() {
    let config = self::config([("OPENAI_BASE_URL", "http://127.0.0.1:4390/v1/")]).unwrap();
    assert_eq!(config.providers()[0].base_url(), "http://127.0.0.1:4390/v1");
    assert_eq!(config.providers()[0].identity().address, "127.0.0.1");
    assert_eq!(config.providers()[0].identity().port, 4390);
}

#[test]
fn the_model_is_named_with_or_without_its_provider() {
    let key = ("OPENAI_API_KEY", "sk-1");
    let model = |name, value| {
        config([key, (name, value)]).unwrap().providers()[0]
            .identity()
            .model
            .clone()
    };
    assert_eq!(model("GLASSBOX_MODEL", "openai/gpt-x"), "gpt-x");
    assert_eq!(model("OPENAI_MODEL", "gpt-y"), "gpt-y");
    let both = config([key, ("GLASSBOX_MODEL", "openai/a"), ("OPENAI_MODEL", "b")]).unwrap();
    assert_eq!(both.providers()[0].identity().model, "a");
    let elsewhere = config([
        ("OPENAI_BASE_URL", "https://models.example/v1"),
        ("OPENAI_MODEL", "meta-llama/Llama-3"),
    ]);
    assert_eq!(
        elsewhere.unwrap().providers()[0].identity().model,
        "meta-llama/Llama-3"
    );
}

#[test]
fn what_is_missing_is_said_in_one_sentence() {
    assert_eq!(
        config([]).unwrap_err(),
        "no model is configured: set OPENAI_API_KEY for OpenAI, or OPENAI_BASE_URL for a server that speaks its protocol"
    );
    assert_eq!(
        config([("OPENAI_BASE_URL", "https://api.openai.com/v1")]).unwrap_err(),
        "OPENAI_API_KEY is not set, and https://api.openai.com/v1 needs a key"
    );
    assert_eq!(
        config([
            ("OPENAI_API_KEY", "k"),
            ("GLASSBOX_MODEL", "anthropic/claude")
        ])
        .unwrap_err(),
        "GLASSBOX_MODEL 'anthropic/claude' names provider 'anthropic', which is not supported: write openai/MODEL, or set OPENAI_BASE_URL to a server that has the model"
    );
    let url = |url| config([("OPENAI_BASE_URL", url)]).unwrap_err();
    assert_eq!(
        url("localhost:11434/v1"),
        "OPENAI_BASE_URL 'localhost:11434/v1' is not the URL of a server: it does not begin with http:// or https://; write it as https://host/v1"
    );
    assert!(!url("http://me:secret@host/v1").contains("secret"));
}

#[test]
fn every_setting_has_a_variable_and_bad_values_are_refused() {
    let config = self::config([
        ("OPENAI_API_KEY", "k"),
        ("GLASSBOX_AI_TIMEOUT", "5s"),
        ("GLASSBOX_AI_IDLE_TIMEOUT", "7s"),
        ("GLASSBOX_AI_ATTEMPTS", "2"),
        ("GLASSBOX_AI_MAX_STEPS", "3"),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true"),
    ])
    .unwrap();
    assert_eq!(config.providers()[0].timeout(), Duration::from_secs(5));
    assert_eq!(config.providers()[0].idle_timeout(), Duration::from_secs(7));
    assert_eq!(config.max_steps().get(), 3);
    assert!(config.content_capture().is_on());
    let zero = self::config([("OPENAI_API_KEY", "k"), ("GLASSBOX_AI_ATTEMPTS", "0")]);
    assert!(zero.unwrap_err().contains("must be more than zero"));
}
