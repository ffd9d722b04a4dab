//! Images, audio and files, inline or by reference.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, sync::Arc};

/// The kind of media, for models that accept only some kinds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaKind {
    /// A still image.
    Image,
    /// Audio.
    Audio,
    /// Video.
    Video,
    /// A document, or any other file.
    File,
    /// A kind that this version does not know.
    #[serde(untagged)]
    Other(String),
}

impl MediaKind {
    /// The kind that a MIME type belongs to; [`File`](Self::File) unless it is an image, audio or video.
    pub fn of_mime_type(mime_type: &str) -> Self {
        match mime_type.split('/').next() {
            Some("image") => Self::Image,
            Some("audio") => Self::Audio,
            Some("video") => Self::Video,
            _ => Self::File,
        }
    }

    /// The kind as it is written in JSON.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::File => "file",
            Self::Other(word) => word,
        }
    }
}

/// The location of the bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaSource {
    /// Inline; base64 in JSON.
    Data(#[serde(with = "base64_text")] Arc<[u8]>),
    /// A URI, which the receiver fetches.
    Uri(String),
    /// The provider's id of an uploaded file.
    FileId(String),
}

/// Prints the number of bytes, not the bytes.
impl fmt::Debug for MediaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(bytes) => write!(f, "Data({} bytes)", bytes.len()),
            Self::Uri(uri) => f.debug_tuple("Uri").field(uri).finish(),
            Self::FileId(id) => f.debug_tuple("FileId").field(id).finish(),
        }
    }
}

/// An image, audio or a file: inline bytes or a reference to them. Cloning does not copy the bytes.
///
/// ```
/// use glassbox_core::{Media, MediaKind};
///
/// let photo = Media::data("image/png", [0x89, b'P', b'N', b'G']);
/// assert_eq!(*photo.kind(), MediaKind::Image);
/// assert_eq!(
///     serde_json::to_value(&photo)?,
///     serde_json::json!({"kind": "image", "mime_type": "image/png", "data": "iVBORw=="})
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    kind: MediaKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(flatten)]
    source: MediaSource,
}

impl Media {
    /// Inline bytes of the given MIME type, which also decides the kind.
    pub fn data(mime_type: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        let mime_type = mime_type.into();
        Self {
            kind: MediaKind::of_mime_type(&mime_type),
            mime_type: Some(mime_type),
            name: None,
            source: MediaSource::Data(bytes.into()),
        }
    }

    /// A reference by URI.
    pub fn uri(kind: MediaKind, uri: impl Into<String>) -> Self {
        Self::reference(kind, MediaSource::Uri(uri.into()))
    }

    /// A reference by the provider's id of an uploaded file.
    pub fn file_id(kind: MediaKind, id: impl Into<String>) -> Self {
        Self::reference(kind, MediaSource::FileId(id.into()))
    }

    fn reference(kind: MediaKind, source: MediaSource) -> Self {
        Self {
            kind,
            mime_type: None,
            name: None,
            source,
        }
    }

    /// Sets the MIME type without changing the kind.
    #[must_use]
    pub fn with_mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Sets the file name or title.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The kind.
    pub fn kind(&self) -> &MediaKind {
        &self.kind
    }

    /// The MIME type. Always present for inline bytes.
    pub fn mime_type(&self) -> Option<&str> {
        self.mime_type.as_deref()
    }

    /// The file name or title.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The location of the bytes.
    pub fn source(&self) -> &MediaSource {
        &self.source
    }

    /// The bytes, if they are inline.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.source {
            MediaSource::Data(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The bytes as base64, if they are inline.
    pub fn to_base64(&self) -> Option<String> {
        self.bytes().map(|bytes| STANDARD.encode(bytes))
    }

    /// The bytes as a `data:` URI if they are inline, the URI if that is the reference, `None` for a file id.
    pub fn to_uri(&self) -> Option<String> {
        match &self.source {
            MediaSource::Data(bytes) => {
                let mime_type = self.mime_type().unwrap_or("application/octet-stream");
                Some(format!(
                    "data:{mime_type};base64,{}",
                    STANDARD.encode(bytes)
                ))
            }
            MediaSource::Uri(uri) => Some(uri.clone()),
            MediaSource::FileId(_) => None,
        }
    }
}

mod base64_text {
    use super::*;

    pub(super) fn serialize<S: Serializer>(
        bytes: &Arc<[u8]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<[u8]>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        Ok(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn round_trip(media: &Media) -> Value {
        let json = serde_json::to_value(media).unwrap();
        assert_eq!(
            serde_json::from_value::<Media>(json.clone()).unwrap(),
            *media
        );
        json
    }

    #[test]
    fn each_source_survives_json() {
        let inline = Media::data("application/pdf", *b"%PDF").with_name("bill.pdf");
        assert_eq!(
            round_trip(&inline),
            json!({"kind": "file", "mime_type": "application/pdf", "name": "bill.pdf", "data": "JVBERg=="})
        );
        let uri = Media::uri(MediaKind::Image, "https://x.test/a.png");
        assert_eq!(
            round_trip(&uri),
            json!({"kind": "image", "uri": "https://x.test/a.png"})
        );
        let id = Media::file_id(MediaKind::Audio, "file-1").with_mime_type("audio/wav");
        assert_eq!(
            round_trip(&id),
            json!({"kind": "audio", "mime_type": "audio/wav", "file_id": "file-1"})
        );
    }

    #[test]
    fn a_kind_of_a_newer_version_and_unknown_fields_are_accepted() {
        let json = json!({"kind": "hologram", "uri": "https://x.test/h", "depth": 3});
        let media: Media = serde_json::from_value(json).unwrap();
        assert_eq!(*media.kind(), MediaKind::Other("hologram".to_owned()));
        assert_eq!(round_trip(&media)["kind"], "hologram");
    }

    #[test]
    fn debug_output_does_not_hold_the_bytes() {
        let media = Media::data("text/plain", *b"secret");
        let shown = format!("{media:?}");
        assert!(
            shown.contains("6 bytes") && !shown.contains("115"),
            "{shown}"
        );
    }

    #[test]
    fn inline_bytes_become_a_data_uri() {
        let media = Media::data("text/plain", *b"hi");
        assert_eq!(media.to_uri().unwrap(), "data:text/plain;base64,aGk=");
        assert_eq!(Media::file_id(MediaKind::File, "f").to_uri(), None);
    }
}
