//! The Markdown code fence that some models put around JSON.

/// Returns the text inside the fence, or the whole text if there is none.
pub(crate) fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let fenced = text.strip_prefix("```").and_then(|rest| {
        let rest = rest.strip_suffix("```")?;
        Some(rest.strip_prefix("json").unwrap_or(rest).trim())
    });
    fenced.unwrap_or(text)
}
