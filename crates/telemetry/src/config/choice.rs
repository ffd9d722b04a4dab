//! Settings that are one of a few words.

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
            /// The word for it.
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

/// A word that a setting does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {noun} {word:?}; it is one of {}", known.join(", "))]
pub struct UnknownChoice {
    noun: &'static str,
    word: String,
    known: &'static [&'static str],
}

/// Takes a word, and yes or no for the settings that once were only that.
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
    /// How OTLP travels.
    Protocol, "OTLP protocol", default HttpProtobuf:
    /// Protobuf over HTTP/1.1.
    HttpProtobuf = "http/protobuf" | "http",
    /// gRPC, with feature `grpc`.
    Grpc = "grpc",
}

choice! {
    /// How requests are compressed.
    Compression, "compression", default None:
    /// Not at all.
    None = "none" | "",
    /// Gzip, with feature `gzip`.
    Gzip = "gzip",
    /// Zstandard, with feature `zstd`.
    Zstd = "zstd",
}

choice! {
    /// Whether a signal is sent.
    Exporter, "exporter", default Otlp:
    /// By OTLP.
    Otlp = "otlp" | "true",
    /// Not at all.
    None = "none" | "false",
}

choice! {
    /// How `tracing` events are shown on standard error.
    Console, "console format", default Off:
    /// Not at all.
    Off = "off" | "false" | "none",
    /// One readable line for each.
    Pretty = "pretty" | "true",
    /// One JSON object for each.
    Json = "json",
}

choice! {
    /// Which traces are kept, by the names of `OTEL_TRACES_SAMPLER`.
    Sampler, "sampler", default ParentBasedRatio:
    /// As the parent; a share of those that start here.
    ParentBasedRatio = "parentbased_traceidratio",
    /// As the parent; all that start here.
    ParentBasedOn = "parentbased_always_on",
    /// As the parent; none that start here.
    ParentBasedOff = "parentbased_always_off",
    /// A share, whatever the parent says.
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
    /// What came since the last collection.
    Delta = "delta",
    /// Differences for synchronous counters and histograms, totals for the rest.
    LowMemory = "lowmemory",
}

choice! {
    /// What turns `tracing` spans into OpenTelemetry's.
    TracingLayer, "tracing layer", default Glassbox:
    /// Ours: cheaper, and it nests with Glassbox spans in every order.
    Glassbox = "glassbox",
    /// That of `tracing-opentelemetry`, with the feature of that name, for libraries that reach into it.
    TracingOpentelemetry = "tracing-opentelemetry",
}
