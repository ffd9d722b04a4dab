//! Layered settings: explicit > `OTEL_*` > `GLASSBOX_*` > file > default, each value with its origin.
//!
//! A crate owns the schema of its section by implementing [`Section`] for a plain struct. An
//! application registers its sections, passes in its environment, and loads:
//!
//! ```
//! use glassbox_config::{Environment, Section, Settings, Variable};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! #[serde(default)]
//! struct Telemetry {
//!     endpoint: String,
//!     sampling_ratio: f64,
//! }
//!
//! impl Default for Telemetry {
//!     fn default() -> Self {
//!         Self { endpoint: "http://127.0.0.1:4318".into(), sampling_ratio: 1.0 }
//!     }
//! }
//!
//! impl Section for Telemetry {
//!     const NAME: &'static str = "telemetry";
//!     const VARIABLES: &'static [Variable] = &[
//!         Variable::new("OTEL_EXPORTER_OTLP_ENDPOINT", "endpoint"),
//!         Variable::new("GLASSBOX_SAMPLING_RATIO", "sampling_ratio"),
//!     ];
//! }
//!
//! let environment = Environment::from([("GLASSBOX_SAMPLING_RATIO", "0.1")]);
//! let settings = Settings::builder()
//!     .section::<Telemetry>()
//!     .environment(&environment)
//!     .explicit("telemetry.endpoint", "http://collector:4318", "--backend")
//!     .build()?;
//! let telemetry = settings.load::<Telemetry>()?;
//! assert_eq!(telemetry.endpoint, "http://collector:4318");
//! assert_eq!(telemetry.origin("endpoint").to_string(), "flag --backend");
//! assert_eq!(telemetry.origin("sampling_ratio").to_string(), "variable GLASSBOX_SAMPLING_RATIO");
//! # Ok::<(), glassbox_config::SettingsError>(())
//! ```
//!
//! An unknown key in a file is an error that suggests the most similar known key. An unknown
//! `GLASSBOX_*` variable is only a [`Warning`], because Kubernetes injects such variables for services.

mod alias;
mod byte_size;
mod environment;
mod error;
mod file;
mod keys;
mod loaded;
mod nearest;
mod origin;
mod origins;
mod section;
mod settings;
mod variable;
mod warning;

pub mod duration;
pub mod listen;

pub use alias::{ALIASES, Alias};
pub use byte_size::{ByteSize, ParseByteSizeError};
pub use environment::Environment;
pub use error::{SettingsError, UnknownKey};
pub use listen::{Listen, ParseListenError};
pub use loaded::{Entry, Loaded};
pub use nearest::nearest;
pub use origin::Origin;
pub use section::{Invalid, Reserved, SECTIONS, Section};
pub use settings::{Settings, SettingsBuilder};
pub use variable::{Form, Variable};
pub use warning::Warning;
