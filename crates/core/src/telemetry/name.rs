//! Names of spans, formatted only for a recorded span.

use std::{borrow::Cow, fmt};

/// The name of a span that is about to start: text, or arguments that are formatted only if the span is
/// recorded.
///
/// ```
/// use glassbox_core::telemetry::Span;
///
/// let model = "gpt-5-mini";
/// let span = Span::builder(format_args!("chat {model}")).start();
/// # drop(span);
/// ```
#[derive(Clone, Debug)]
pub struct SpanName<'a>(Form<'a>);

#[derive(Clone, Debug)]
enum Form<'a> {
    Text(Cow<'static, str>),
    Arguments(fmt::Arguments<'a>),
}

impl SpanName<'_> {
    /// The text, formatted if necessary.
    pub fn into_text(self) -> Cow<'static, str> {
        match self.0 {
            Form::Text(text) => text,
            Form::Arguments(arguments) => match arguments.as_str() {
                Some(text) => Cow::Borrowed(text),
                None => Cow::Owned(arguments.to_string()),
            },
        }
    }
}

impl fmt::Display for SpanName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Text(text) => f.pad(text),
            Form::Arguments(arguments) => fmt::Display::fmt(arguments, f),
        }
    }
}

impl From<&'static str> for SpanName<'_> {
    #[inline]
    fn from(text: &'static str) -> Self {
        Self(Form::Text(Cow::Borrowed(text)))
    }
}

impl From<String> for SpanName<'_> {
    #[inline]
    fn from(text: String) -> Self {
        Self(Form::Text(Cow::Owned(text)))
    }
}

impl From<Cow<'static, str>> for SpanName<'_> {
    #[inline]
    fn from(text: Cow<'static, str>) -> Self {
        Self(Form::Text(text))
    }
}

impl<'a> From<fmt::Arguments<'a>> for SpanName<'a> {
    #[inline]
    fn from(arguments: fmt::Arguments<'a>) -> Self {
        Self(Form::Arguments(arguments))
    }
}
