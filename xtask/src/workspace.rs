//! The tree under check: its location, and how cargo is run in it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    console,
    outcome::CannotCheck,
    process::{self, Finished, Voice},
};

/// A workspace with its output mode.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    voice: Voice,
    /// The folder for artefacts; `None` for cargo's default.
    target: Option<PathBuf>,
}

impl Workspace {
    /// Returns the workspace from which this program was built.
    pub fn discover() -> Result<Self, CannotCheck> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
        let root = Path::new(&manifest)
            .parent()
            .unwrap_or(Path::new("."))
            .to_owned();
        if !root.join("Cargo.toml").is_file() {
            let root = root.display();
            return Err(CannotCheck::new(format!(
                "{root} holds no Cargo.toml: run `cargo xtask` inside the workspace"
            )));
        }
        Ok(Self {
            root,
            voice: Voice::Live,
            target: None,
        })
    }

    /// Creates a workspace that is checked silently, with its own artefacts.
    pub fn silent(root: PathBuf, target: PathBuf) -> Self {
        Self {
            root,
            voice: Voice::Silent,
            target: Some(target),
        }
    }

    /// The same tree with another output mode.
    #[must_use]
    pub fn with_voice(self, voice: Voice) -> Self {
        Self { voice, ..self }
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Prints a line about progress, unless silent.
    pub fn say(&self, text: &str) {
        if self.voice == Voice::Live {
            console::line(text);
        }
    }

    /// Reads the text of a file, by its path from the root.
    pub fn read(&self, path: &str) -> Result<String, CannotCheck> {
        std::fs::read_to_string(self.root.join(path))
            .map_err(|error| CannotCheck::new(format!("{path} cannot be read: {error}")))
    }

    /// A cargo command in this tree with the current toolchain; `line` is split at white space.
    pub fn cargo(&self, line: &str) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .current_dir(&self.root)
            .args(line.split_whitespace());
        if self.voice == Voice::Live && console::is_terminal() {
            // Cargo writes to a pipe, so it would not draw its progress bar.
            command
                .env("CARGO_TERM_PROGRESS_WHEN", "always")
                .env("CARGO_TERM_PROGRESS_WIDTH", "80");
        }
        if self.voice == Voice::Live && console::colours() {
            command.env("CARGO_TERM_COLOR", "always");
        }
        if let Some(target) = &self.target {
            command.env("CARGO_TARGET_DIR", target);
        }
        command
    }

    /// The folder for artefacts that are separate from cargo's own.
    pub fn target_folder(&self) -> PathBuf {
        let set = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = self.target.clone().or(set);
        self.root.join(target.unwrap_or_else(|| "target".into()))
    }

    /// Runs a cargo command silently.
    pub fn ask(&self, line: &str) -> Result<Finished, CannotCheck> {
        process::run(&mut self.cargo(line), Voice::Silent)
    }

    /// Runs a command and passes on its output, unless silent.
    pub fn show(&self, command: &mut Command) -> Result<Finished, CannotCheck> {
        process::run(command, self.voice)
    }

    /// Runs a command, captures its standard output and passes on the rest, unless silent.
    pub fn hear_errors(&self, command: &mut Command) -> Result<Finished, CannotCheck> {
        let voice = match self.voice {
            Voice::Live => Voice::Errors,
            other => other,
        };
        process::run(command, voice)
    }

    /// The output mode.
    pub fn voice(&self) -> Voice {
        self.voice
    }

    /// Ensures that a component of the toolchain is installed, by querying its version.
    pub fn component(&self, subcommand: &str, name: &str) -> Result<(), CannotCheck> {
        if self.ask(&format!("{subcommand} --version"))?.success {
            Ok(())
        } else {
            Err(CannotCheck::new(format!(
                "{name} is not installed: `cargo xtask setup` installs it"
            )))
        }
    }

    /// Ensures that Cargo.lock agrees with the manifests and that every dependency is on this machine, so that a
    /// cargo command that fails afterwards has found a fault of the tree.
    pub fn fetch(&self) -> Result<Finished, CannotCheck> {
        let fetched = self.show(&mut self.cargo("fetch --locked"))?;
        if fetched.success {
            Ok(fetched)
        } else {
            Err(CannotCheck::new(format!(
                "cargo fetch --locked fails: {}",
                fetched.last_words()
            )))
        }
    }
}
