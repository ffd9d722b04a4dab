//! The program of docs/guides/first-tool.md, from the next line on.

use glassbox::{Cx, ToolError, Toolbox, counter};
use std::process::ExitCode;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Words {
    /// The text to count.
    text: String,
}

/// Counts the words of a text.
#[glassbox::tool(read_only)]
async fn count_words(_cx: &Cx, input: Words) -> Result<usize, ToolError> {
    let words = input.text.split_whitespace().count();
    if words == 0 {
        return Err(ToolError::invalid("words.none", "write at least one word"));
    }
    counter!("words.counted"; unit: "{word}").add(words as u64);
    Ok(words)
}

#[tokio::main]
async fn main() -> ExitCode {
    glassbox::serve_tool(Toolbox::new("word-tool").with(count_words)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn words_are_counted_and_an_empty_text_is_an_error() {
        let words = |text: &str| Words { text: text.into() };
        let cx = Cx::background();
        let counted = count_words.call(&cx, words("see through agents")).await;
        assert_eq!(counted.unwrap(), 3);
        let error = count_words.call(&cx, words(" ")).await.unwrap_err();
        assert_eq!(error.code(), "words.none");
    }
}
