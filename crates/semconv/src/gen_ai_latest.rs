//! Generative AI conventions as they have developed since 1.41: changes and additions.
//!
//! Attributes that did not change are in [`crate::gen_ai_v1_41`]. The metrics of client inference have new
//! names here. The metrics of agents, tools and workflows are new, and are emitted whichever generation is
//! chosen.

use crate::gen_ai_v1_41::{
    AGENT_NAME, DURATION_BUCKETS, OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL,
    TOKEN_BUCKETS, TOOL_NAME, TOOL_TYPE, WORKFLOW_NAME,
};
use crate::v1_41::{error, server};

attributes! {
    /// Input tokens that were written to the provider's cache (int); `cache_creation` in 1.41.
    USAGE_CACHE_WRITE_INPUT_TOKENS = "gen_ai.usage.cache_write.input_tokens";
    /// `text`, `image`, `audio` or `unknown`.
    TOKEN_MODALITY = "gen_ai.token.modality";
    /// The requested level of reasoning.
    REQUEST_REASONING_LEVEL = "gen_ai.request.reasoning.level";
    /// Whether the conversation was shortened before this request (bool).
    CONVERSATION_COMPACTED = "gen_ai.conversation.compacted";
    /// The name of the prompt.
    PROMPT_NAME = "gen_ai.prompt.name";
    /// The version of the prompt.
    PROMPT_VERSION = "gen_ai.prompt.version";
}

/// Values of `gen_ai.operation.name` that 1.41 does not define.
pub mod operation {
    /// Making a plan.
    pub const PLAN: &str = "plan";
    /// Reading memory.
    pub const SEARCH_MEMORY: &str = "search_memory";
    /// Writing memory.
    pub const UPSERT_MEMORY: &str = "upsert_memory";
}

/// Bounds for one invocation of an agent, in seconds: doubling from 100 ms.
pub const AGENT_DURATION_BUCKETS: &[f64] = &[
    0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6,
];

/// Bounds for one run of a workflow, in seconds.
pub const WORKFLOW_DURATION_BUCKETS: &[f64] = &[
    1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0,
];

/// Bounds for the number of calls within one invocation: doubling from one.
pub const CALL_COUNT_BUCKETS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

metrics! {
    CLIENT_INFERENCE_DURATION = Histogram "gen_ai.client.inference.duration" ["s"]
        "Duration of client inference."
        {
            OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL, server::ADDRESS,
            server::PORT, error::TYPE,
        }
        DURATION_BUCKETS;
    CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK = Histogram
        "gen_ai.client.inference.time_to_first_chunk" ["s"]
        "Time from a streaming request to its first chunk."
        {
            OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL, server::ADDRESS,
            server::PORT,
        }
        DURATION_BUCKETS;
    CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK = Histogram
        "gen_ai.client.inference.time_per_output_chunk" ["s"]
        "Time between the chunks of a stream, after the first."
        {
            OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL, server::ADDRESS,
            server::PORT,
        }
        DURATION_BUCKETS;
    CLIENT_INFERENCE_USAGE_INPUT_TOKENS = Counter
        "gen_ai.client.inference.usage.input_tokens" ["{token}"]
        "Tokens read by client inference, cached ones included."
        { OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL, TOKEN_MODALITY };
    CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS = Counter
        "gen_ai.client.inference.usage.output_tokens" ["{token}"]
        "Tokens written by client inference, reasoning included."
        { OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL, TOKEN_MODALITY };
    CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS = Counter
        "gen_ai.client.inference.usage.cache_read.input_tokens" ["{token}"]
        "Input tokens that came from the provider's cache."
        { OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL, TOKEN_MODALITY };
    CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS = Counter
        "gen_ai.client.inference.usage.cache_write.input_tokens" ["{token}"]
        "Input tokens that were written to the provider's cache."
        { OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL, TOKEN_MODALITY };
    CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS = Counter
        "gen_ai.client.inference.usage.reasoning.output_tokens" ["{token}"]
        "Output tokens spent on reasoning."
        { OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL, TOKEN_MODALITY };
    CLIENT_INFERENCE_OPERATION_INPUT_TOKENS = Histogram
        "gen_ai.client.inference.operation.input_tokens" ["{token}"]
        "Tokens read by one inference."
        { OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL }
        TOKEN_BUCKETS;
    CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS = Histogram
        "gen_ai.client.inference.operation.output_tokens" ["{token}"]
        "Tokens written by one inference."
        { OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL }
        TOKEN_BUCKETS;
    INVOKE_AGENT_DURATION = Histogram "gen_ai.invoke_agent.duration" ["s"]
        "Duration of one invocation of an agent."
        { AGENT_NAME, error::TYPE }
        AGENT_DURATION_BUCKETS;
    INVOKE_AGENT_INFERENCE_CALLS = Histogram
        "gen_ai.invoke_agent.inference_calls" ["{inference_call}"]
        "Model calls within one invocation of an agent."
        { AGENT_NAME }
        CALL_COUNT_BUCKETS;
    INVOKE_AGENT_TOOL_CALLS = Histogram "gen_ai.invoke_agent.tool_calls" ["{tool_call}"]
        "Tool calls within one invocation of an agent."
        { AGENT_NAME }
        CALL_COUNT_BUCKETS;
    EXECUTE_TOOL_DURATION = Histogram "gen_ai.execute_tool.duration" ["s"]
        "Duration of one tool call."
        { TOOL_NAME, TOOL_TYPE, error::TYPE }
        DURATION_BUCKETS;
    INVOKE_WORKFLOW_DURATION = Histogram "gen_ai.invoke_workflow.duration" ["s"]
        "Duration of one run of a workflow."
        { WORKFLOW_NAME, error::TYPE }
        WORKFLOW_DURATION_BUCKETS;
}
