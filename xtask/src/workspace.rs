//! The tree under check: where it is, and how cargo is called on it.

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

/// A workspace and the manner in which it is looked at.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    voice: Voice,
    /// Where artefacts go; `None` leaves it to cargo.
    target: Option<PathBuf>,
}

impl Workspace {
    /// The workspace this program was built from.
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

    /// A tree that is looked at in silence, with artefacts of its own.
    pub fn silent(root: PathBuf, target: PathBuf) -> Self {
        Self {
            root,
            voice: Voice::Silent,
            target: Some(target),
        }
    }

    /// The same tree, looked at in another manner.
    #[must_use]
    pub fn with_voice(self, voice: Voice) -> Self {
        Self { voice, ..self }
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A line about progress, heard only where somebody listens.
    pub fn say(&self, text: &str) {
        if self.voice == Voice::Live {
            console::line(text);
        }
    }

    /// The text of a file, by its path from the root.
    pub fn read(&self, path: &str) -> Result<String, CannotCheck> {
        std::fs::read_to_string(self.root.join(path))
            .map_err(|error| CannotCheck::new(format!("{path} cannot be read: {error}")))
    }

    /// A cargo command in this tree, by the toolchain that runs us; `line` is split at white space.
    pub fn cargo(&self, line: &str) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .current_dir(&self.root)
            .args(line.split_whitespace());
        if self.voice == Voice::Live && console::is_terminal() {
            // Cargo speaks into a pipe of ours and would not draw its bar.
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

    /// The folder for artefacts that are kept apart from cargo's own.
    pub fn target_folder(&self) -> PathBuf {
        let set = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = self.target.clone().or(set);
        self.root.join(target.unwrap_or_else(|| "target".into()))
    }

    /// Runs a cargo command in silence.
    pub fn ask(&self, line: &str) -> Result<Finished, CannotCheck> {
        process::run(&mut self.cargo(line), Voice::Silent)
    }

    /// Runs a command, passing on what it says where somebody listens.
    pub fn show(&self, command: &mut Command) -> Result<Finished, CannotCheck> {
        process::run(command, self.voice)
    }

    /// Runs a command whose standard output is for us, passing on the rest where somebody listens.
    pub fn hear_errors(&self, command: &mut Command) -> Result<Finished, CannotCheck> {
        let voice = match self.voice {
            Voice::Live => Voice::Errors,
            other => other,
        };
        process::run(command, voice)
    }

    /// Whether somebody listens.
    pub fn voice(&self) -> Voice {
        self.voice
    }

    /// Makes sure that a component of the toolchain is there, by asking for its version.
    pub fn component(&self, subcommand: &str, name: &str) -> Result<(), CannotCheck> {
        if self.ask(&format!("{subcommand} --version"))?.success {
            Ok(())
        } else {
            Err(CannotCheck::new(format!(
                "{name} is not installed: `cargo xtask setup` installs it"
            )))
        }
    }

    /// Makes sure that Cargo.lock agrees with the manifests and that every dependency is on this machine, so that a
    /// cargo command that fails after this has met a fault of the tree.
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
