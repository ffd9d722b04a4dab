//! Settings with a fixed set of values.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

macro_rules! choice {
    (
        $(#[$doc:meta])* $name:ident, $noun:literal, default $default:ident:
        $($(#[$variant_doc:meta])* $variant:ident = $word:literal $(| $other:literal)*),+ $(,)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self::$default
            }
        }

        impl $name {
            /// Returns the value as text.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl FromStr for $name {
            type Err = UnknownChoice;

            fn from_str(word: &str) -> Result<Self, UnknownChoice> {
                match word.trim().to_ascii_lowercase().as_str() {
                    $($word $(| $other)* => Ok(Self::$variant),)+
                    _ => Err(UnknownChoice {
                        noun: $noun,
                        word: word.to_owned(),
                        known: &[$($word),+],
                    }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Word)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

/// An unknown value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {noun} {word:?}; use one of {}", known.join(", "))]
pub struct UnknownChoice {
    noun: &'static str,
    word: String,
    known: &'static [&'static str],
}

/// Accepts text, and booleans for settings that used to be booleans.
struct Word;

impl de::Visitor<'_> for Word {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<String, E> {
        Ok(word.to_owned())
    }

    fn visit_bool<E: de::Error>(self, yes: bool) -> Result<String, E> {
        Ok(yes.to_string())
    }
}

choice! {
    /// The protocol of OTLP.
    Protocol, "OTLP protocol", default HttpProtobuf:
    /// Protobuf over HTTP/1.1.
    HttpProtobuf = "http/protobuf" | "http",
    /// gRPC. Needs the feature `grpc`.
    Grpc = "grpc",
}

choice! {
    /// How requests are compressed.
    Compression, "compression", default None:
    /// Uncompressed.
    None = "none" | "",
    /// Gzip. Needs the feature `gzip`.
    Gzip = "gzip",
    /// Zstandard. Needs the feature `zstd`.
    Zstd = "zstd",
}

choice! {
    /// How a signal is exported.
    Exporter, "exporter", default Otlp:
    /// As OTLP.
    Otlp = "otlp" | "true",
    /// Not at all.
    None = "none" | "false",
}

choice! {
    /// How `tracing` events are shown on standard error.
    Console, "console format", default Off:
    /// Not at all.
    Off = "off" | "false" | "none",
    /// One readable line per event.
    Pretty = "pretty" | "true",
    /// One JSON object per event.
    Json = "json",
}

choice! {
    /// Which traces are sampled; the values are those of `OTEL_TRACES_SAMPLER`.
    Sampler, "sampler", default ParentBasedRatio:
    /// The parent's decision; a share of the traces without a parent.
    ParentBasedRatio = "parentbased_traceidratio",
    /// The parent's decision; all traces without a parent.
    ParentBasedOn = "parentbased_always_on",
    /// The parent's decision; no trace without a parent.
    ParentBasedOff = "parentbased_always_off",
    /// A share, regardless of the parent.
    Ratio = "traceidratio",
    /// All.
    On = "always_on",
    /// None.
    Off = "always_off",
}

choice! {
    /// Whether counters and histograms are sent as totals or as differences.
    Temporality, "temporality", default Cumulative:
    /// Totals since the start of the process.
    Cumulative = "cumulative",
    /// Differences since the last collection.
    Delta = "delta",
    /// Differences for synchronous counters and histograms, totals for the rest.
    LowMemory = "lowmemory",
}

choice! {
    /// The layer that converts `tracing` spans to OpenTelemetry's.
    TracingLayer, "tracing layer", default Glassbox:
    /// Our own: cheaper, and its spans nest with Glassbox spans in any order.
    Glassbox = "glassbox",
    /// The layer of `tracing-opentelemetry`, for libraries that access it. Needs the feature of that name.
    TracingOpentelemetry = "tracing-opentelemetry",
}
