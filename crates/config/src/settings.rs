//! The merged settings.

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

/// All values with their origins, defaults included.
pub struct Settings {
    figment: Figment,
    origins: Origins,
    sections: Vec<&'static str>,
    file: Option<PathBuf>,
    warnings: Vec<Warning>,
}

impl Settings {
    /// Creates a builder with only defaults.
    pub fn builder() -> SettingsBuilder {
        SettingsBuilder::default()
    }

    /// Loads one section.
    ///
    /// # Errors
    /// If a value is invalid, with its key, origin and reason, or if the section was not registered with
    /// the builder.
    pub fn load<T: Section>(&self) -> Result<Loaded<T>, SettingsError> {
        if !self.sections.contains(&T::NAME) {
            return Err(SettingsError::NoSection {
                name: T::NAME.to_owned(),
            });
        }
        Loaded::extract(&self.figment, &self.origins)
    }

    /// The settings file, if there was one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Warnings, which the application should report.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// Prints no values, because they may be secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("sections", &self.sections)
            .field("file", &self.file)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}
