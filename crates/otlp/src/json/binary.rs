//! Byte strings.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;

use super::context::Context;
use super::message::Form;
use crate::cost::heap;

/// Trace and span ids: hex digits in either case. Base64, as in protobuf's own JSON mapping, is read as
/// well, because some senders use it.
pub(super) struct Hex;

impl Form<Vec<u8>> for Hex {
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut Vec<u8>,
        cx: &Context<'_>,
    ) -> Result<(), D::Error> {
        *into = from.deserialize_str(HexVisitor(cx))?;
        Ok(())
    }

    fn is_absent(value: &Vec<u8>) -> bool {
        value.is_empty()
    }

    fn write<S: Serializer>(value: &Vec<u8>, to: S) -> Result<S::Ok, S::Error> {
        let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
        let digits = value
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        to.serialize_str(&digits.collect::<String>())
    }
}

struct HexVisitor<'a>(&'a Context<'a>);

impl Visitor<'_> for HexVisitor<'_> {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id in hex digits")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
        self.0.charge(heap(text.len()))?;
        if let Some(id) = base64_id(text) {
            return Ok(id);
        }
        let bytes = text.as_bytes().chunks(2).map(|pair| match pair {
            [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
            _ => None,
        });
        let bytes: Option<Vec<u8>> = bytes.collect();
        bytes.ok_or_else(|| E::custom("an id must be an even number of hex digits"))
    }
}

/// Reads an id in base64: 16 or 8 bytes with padding, which distinguishes it from hex digits.
fn base64_id(text: &str) -> Option<Vec<u8>> {
    let padding = match text.len() {
        24 => "==",
        12 => "=",
        _ => return None,
    };
    text.ends_with(padding).then(|| base64(text)).flatten()
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// All other bytes: base64, with or without padding, in the standard or the URL-safe alphabet.
pub(super) struct Base64;

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

impl Form<Vec<u8>> for Base64 {
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut Vec<u8>,
        cx: &Context<'_>,
    ) -> Result<(), D::Error> {
        *into = from.deserialize_str(Base64Visitor(cx))?;
        Ok(())
    }

    fn is_absent(value: &Vec<u8>) -> bool {
        value.is_empty()
    }

    fn write<S: Serializer>(value: &Vec<u8>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(value))
    }
}

struct Base64Visitor<'a>(&'a Context<'a>);

impl Visitor<'_> for Base64Visitor<'_> {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes in base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
        self.0.charge(heap(text.len()))?;
        base64(text).ok_or_else(|| E::custom("not base64"))
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let alphabet = if text.contains(['-', '_']) {
        URL_SAFE
    } else {
        STANDARD
    };
    alphabet.decode(text).ok()
}
