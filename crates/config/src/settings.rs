//! The layers, laid over each other.

mod builder;
mod environment_source;
mod file_source;
mod layers;
mod schema;

pub use builder::SettingsBuilder;

use std::fmt;
use std::path::{Path, PathBuf};

use figment::Figment;

use crate::loaded::Loaded;
use crate::origins::Origins;
use crate::{Section, SettingsError, Warning};

/// Everything that was set, by whom, and by nobody.
pub struct Settings {
    figment: Figment,
    origins: Origins,
    sections: Vec<&'static str>,
    file: Option<PathBuf>,
    warnings: Vec<Warning>,
}

impl Settings {
    /// Starts with nothing but defaults.
    pub fn builder() -> SettingsBuilder {
        SettingsBuilder::default()
    }

    /// Loads one section.
    ///
    /// # Errors
    /// If a value cannot be used, with its key, its origin and the reason; or if the section was
    /// not named to the builder.
    pub fn load<T: Section>(&self) -> Result<Loaded<T>, SettingsError> {
        if !self.sections.contains(&T::NAME) {
            return Err(SettingsError::NoSection {
                name: T::NAME.to_owned(),
            });
        }
        Loaded::extract(&self.figment, &self.origins)
    }

    /// The file that was read, if there was one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What was noticed; an application says it.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// Shows no value: which of them are secrets is known to the sections.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("sections", &self.sections)
            .field("file", &self.file)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}
