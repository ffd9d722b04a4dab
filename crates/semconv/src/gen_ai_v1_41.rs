//! Generative AI conventions of 1.41.1, the last in the main repository; Development status.
//!
//! | operation | span name | kind |
//! |---|---|---|
//! | inference | `{gen_ai.operation.name} {gen_ai.request.model}` | client |
//! | embeddings | `embeddings {gen_ai.request.model}` | client |
//! | retrieval | `retrieval {gen_ai.data_source.id}` | client |
//! | tool | `execute_tool {gen_ai.tool.name}` | internal |
//! | create agent | `create_agent {gen_ai.agent.name}` | client |
//! | invoke agent | `invoke_agent {gen_ai.agent.name}` | client if remote, else internal |
//! | workflow | `invoke_workflow {gen_ai.workflow.name}` | internal |
//!
//! `gen_ai.usage.input_tokens` includes cached tokens, `gen_ai.usage.output_tokens` includes reasoning
//! tokens.

use crate::v1_41::{error, server};

attributes! {
    /// One of [`operation`].
    OPERATION_NAME = "gen_ai.operation.name";
    /// One of [`provider`], or another name for a provider without one.
    PROVIDER_NAME = "gen_ai.provider.name";
    /// The conversation, session or thread.
    CONVERSATION_ID = "gen_ai.conversation.id";
    /// `text`, `json`, `image` or `speech`.
    OUTPUT_TYPE = "gen_ai.output.type";
    /// The requested model.
    REQUEST_MODEL = "gen_ai.request.model";
    /// The number of requested choices, if not one (int).
    REQUEST_CHOICE_COUNT = "gen_ai.request.choice.count";
    /// The seed (int).
    REQUEST_SEED = "gen_ai.request.seed";
    /// Present and true when the answer is streamed (bool).
    REQUEST_STREAM = "gen_ai.request.stream";
    /// The limit on output tokens (int).
    REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens";
    /// The temperature (double).
    REQUEST_TEMPERATURE = "gen_ai.request.temperature";
    /// The nucleus sampling threshold, `top_p` (double).
    REQUEST_TOP_P = "gen_ai.request.top_p";
    /// The `top_k` (double).
    REQUEST_TOP_K = "gen_ai.request.top_k";
    /// The frequency penalty (double).
    REQUEST_FREQUENCY_PENALTY = "gen_ai.request.frequency_penalty";
    /// The presence penalty (double).
    REQUEST_PRESENCE_PENALTY = "gen_ai.request.presence_penalty";
    /// Where to stop (string array).
    REQUEST_STOP_SEQUENCES = "gen_ai.request.stop_sequences";
    /// The provider's id of the answer.
    RESPONSE_ID = "gen_ai.response.id";
    /// The model that answered.
    RESPONSE_MODEL = "gen_ai.response.model";
    /// Why each choice ended (string array).
    RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons";
    /// Seconds to the first chunk (double).
    RESPONSE_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk";
    /// Input tokens, including cached ones (int).
    USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens";
    /// Output tokens, including reasoning (int).
    USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens";
    /// Input tokens read from the provider's cache (int).
    USAGE_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.cache_read.input_tokens";
    /// Input tokens written to the provider's cache (int).
    USAGE_CACHE_CREATION_INPUT_TOKENS = "gen_ai.usage.cache_creation.input_tokens";
    /// Output tokens spent on reasoning (int).
    USAGE_REASONING_OUTPUT_TOKENS = "gen_ai.usage.reasoning.output_tokens";
    /// One of [`token_type`].
    TOKEN_TYPE = "gen_ai.token.type";
    /// The system instructions (content: opt-in).
    SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions";
    /// The messages sent (content: opt-in).
    INPUT_MESSAGES = "gen_ai.input.messages";
    /// The messages received (content: opt-in).
    OUTPUT_MESSAGES = "gen_ai.output.messages";
    /// The tools offered to the model (content: opt-in).
    TOOL_DEFINITIONS = "gen_ai.tool.definitions";
    /// The name of the tool.
    TOOL_NAME = "gen_ai.tool.name";
    /// The model's id of this tool call.
    TOOL_CALL_ID = "gen_ai.tool.call.id";
    /// What the tool does.
    TOOL_DESCRIPTION = "gen_ai.tool.description";
    /// `function`, `extension` or `datastore`.
    TOOL_TYPE = "gen_ai.tool.type";
    /// The arguments of the call (content: opt-in).
    TOOL_CALL_ARGUMENTS = "gen_ai.tool.call.arguments";
    /// The result of the call (content: opt-in).
    TOOL_CALL_RESULT = "gen_ai.tool.call.result";
    /// The agent's unique id.
    AGENT_ID = "gen_ai.agent.id";
    /// The agent's name.
    AGENT_NAME = "gen_ai.agent.name";
    /// What the agent does.
    AGENT_DESCRIPTION = "gen_ai.agent.description";
    /// The agent's version.
    AGENT_VERSION = "gen_ai.agent.version";
    /// The source that retrieval reads.
    DATA_SOURCE_ID = "gen_ai.data_source.id";
    /// The name of the workflow.
    WORKFLOW_NAME = "gen_ai.workflow.name";
    /// Which OpenAI API was called: `chat_completions`, `responses`.
    OPENAI_API_TYPE = "openai.api.type";
    /// The service tier requested from OpenAI.
    OPENAI_REQUEST_SERVICE_TIER = "openai.request.service_tier";
    /// The service tier that OpenAI used.
    OPENAI_RESPONSE_SERVICE_TIER = "openai.response.service_tier";
    /// OpenAI's fingerprint of its configuration.
    OPENAI_RESPONSE_SYSTEM_FINGERPRINT = "openai.response.system_fingerprint";
}

/// Values of [`OPERATION_NAME`].
pub mod operation {
    /// A chat completion.
    pub const CHAT: &str = "chat";
    /// Multimodal generation.
    pub const GENERATE_CONTENT: &str = "generate_content";
    /// A text completion.
    pub const TEXT_COMPLETION: &str = "text_completion";
    /// Embeddings.
    pub const EMBEDDINGS: &str = "embeddings";
    /// Retrieval from a data source.
    pub const RETRIEVAL: &str = "retrieval";
    /// Execution of a tool.
    pub const EXECUTE_TOOL: &str = "execute_tool";
    /// Creation of an agent.
    pub const CREATE_AGENT: &str = "create_agent";
    /// Invocation of an agent.
    pub const INVOKE_AGENT: &str = "invoke_agent";
    /// Invocation of a workflow.
    pub const INVOKE_WORKFLOW: &str = "invoke_workflow";
}

/// Values of [`PROVIDER_NAME`].
pub mod provider {
    /// OpenAI.
    pub const OPENAI: &str = "openai";
    /// Anthropic.
    pub const ANTHROPIC: &str = "anthropic";
    /// AWS Bedrock.
    pub const AWS_BEDROCK: &str = "aws.bedrock";
    /// Azure OpenAI.
    pub const AZURE_AI_OPENAI: &str = "azure.ai.openai";
    /// Gemini through its own API.
    pub const GCP_GEMINI: &str = "gcp.gemini";
    /// Gemini through Vertex AI.
    pub const GCP_VERTEX_AI: &str = "gcp.vertex_ai";
    /// DeepSeek.
    pub const DEEPSEEK: &str = "deepseek";
    /// Groq.
    pub const GROQ: &str = "groq";
    /// Mistral.
    pub const MISTRAL_AI: &str = "mistral_ai";
    /// xAI.
    pub const X_AI: &str = "x_ai";
}

/// Values of [`TOKEN_TYPE`].
pub mod token_type {
    /// Input tokens.
    pub const INPUT: &str = "input";
    /// Output tokens.
    pub const OUTPUT: &str = "output";
}

/// Names of events (log records).
pub mod event {
    /// The details of one inference, including content if that is enabled.
    pub const OPERATION_DETAILS: &str = "gen_ai.client.inference.operation.details";
    /// An error of a client operation.
    pub const OPERATION_EXCEPTION: &str = "gen_ai.client.operation.exception";
    /// The result of an evaluation.
    pub const EVALUATION_RESULT: &str = "gen_ai.evaluation.result";
}

/// Bounds of the client duration histograms, in seconds: doubling from 10 ms.
pub const DURATION_BUCKETS: &[f64] = &[
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

/// Bounds of the token histograms: powers of four.
pub const TOKEN_BUCKETS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

metrics! {
    CLIENT_TOKEN_USAGE = Histogram "gen_ai.client.token.usage" ["{token}"]
        "Number of input and output tokens used."
        {
            OPERATION_NAME, PROVIDER_NAME, TOKEN_TYPE, REQUEST_MODEL, RESPONSE_MODEL,
            server::ADDRESS, server::PORT,
        }
        TOKEN_BUCKETS;
    CLIENT_OPERATION_DURATION = Histogram "gen_ai.client.operation.duration" ["s"]
        "Duration of client operations."
        {
            OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL, server::ADDRESS,
            server::PORT, error::TYPE,
        }
        DURATION_BUCKETS;
    CLIENT_TIME_TO_FIRST_CHUNK = Histogram "gen_ai.client.operation.time_to_first_chunk" ["s"]
        "Time from a streaming request to its first chunk."
        {
            OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL, server::ADDRESS,
            server::PORT,
        }
        DURATION_BUCKETS;
    CLIENT_TIME_PER_OUTPUT_CHUNK = Histogram "gen_ai.client.operation.time_per_output_chunk" ["s"]
        "Time between the chunks of a stream, after the first."
        {
            OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL, server::ADDRESS,
            server::PORT,
        }
        DURATION_BUCKETS;
}
