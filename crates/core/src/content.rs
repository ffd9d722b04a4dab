//! Content parts that a tool returns in addition to its structured value.

use crate::Media;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One piece of content.
///
/// In JSON it is an object with a `type`: `{"type": "text", "text": "…"}`. A piece that this version cannot
/// read is kept in [`Unknown`](Self::Unknown) and written back unchanged.
///
/// ```
/// use glassbox_core::Content;
///
/// let newer = serde_json::json!({"type": "hologram", "depth": 3});
/// let content: Content = serde_json::from_value(newer.clone())?;
/// assert_eq!(content, Content::Unknown(newer.clone()));
/// assert_eq!(serde_json::to_value(&content)?, newer);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Text.
    #[non_exhaustive]
    Text {
        /// The text.
        text: String,
    },
    /// An image, audio or a file.
    Media(Media),
    /// A structured value.
    #[non_exhaustive]
    Json {
        /// The value.
        value: Value,
    },
    /// A piece that this version cannot read, unchanged.
    #[serde(untagged)]
    Unknown(Value),
}

impl Content {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// A structured value.
    pub fn json(value: impl Into<Value>) -> Self {
        Self::Json {
            value: value.into(),
        }
    }

    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text { text } => Some(text),
            _ => None,
        }
    }

    /// The media, if it is media.
    pub fn as_media(&self) -> Option<&Media> {
        match self {
            Self::Media(media) => Some(media),
            _ => None,
        }
    }

    /// The structured value, if it is one.
    pub fn as_json(&self) -> Option<&Value> {
        match self {
            Self::Json { value } => Some(value),
            _ => None,
        }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text { text }
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<Media> for Content {
    fn from(media: Media) -> Self {
        Self::Media(media)
    }
}

impl From<Value> for Content {
    fn from(value: Value) -> Self {
        Self::Json { value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MediaKind;
    use serde_json::json;

    fn round_trip(content: &Content) -> Value {
        let json = serde_json::to_value(content).unwrap();
        assert_eq!(
            serde_json::from_value::<Content>(json.clone()).unwrap(),
            *content
        );
        json
    }

    #[test]
    fn every_piece_survives_json() {
        assert_eq!(
            round_trip(&"hi".into()),
            json!({"type": "text", "text": "hi"})
        );
        assert_eq!(
            round_trip(&Media::uri(MediaKind::Image, "https://x.test/a.png").into()),
            json!({"type": "media", "kind": "image", "uri": "https://x.test/a.png"})
        );
        assert_eq!(
            round_trip(&Media::data("audio/wav", *b"hi").into())["data"],
            "aGk="
        );
        assert_eq!(
            round_trip(&json!({"n": 1}).into()),
            json!({"type": "json", "value": {"n": 1}})
        );
    }

    #[test]
    fn what_a_newer_peer_sends_is_kept_unchanged() {
        for newer in [
            json!({"type": "hologram", "depth": [1, {"x": null}]}),
            json!({"type": "media", "kind": "image", "blob": "sha256:1"}),
            json!("bare"),
        ] {
            let content: Content = serde_json::from_value(newer.clone()).unwrap();
            assert_eq!(content, Content::Unknown(newer.clone()));
            assert_eq!(round_trip(&content), newer);
        }
    }

    #[test]
    fn an_unknown_field_of_a_known_piece_is_ignored() {
        let json = json!({"type": "text", "text": "hi", "annotations": {"audience": ["user"]}});
        let content: Content = serde_json::from_value(json).unwrap();
        assert_eq!(content, Content::text("hi"));
    }
}
