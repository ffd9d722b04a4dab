//! A copy of `xtask/fixture` to break: a small workspace that needs no network.

use std::{
    io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{outcome::CannotCheck, process::Voice, workspace::Workspace};

/// The sources of the collector: the fixture has its own configs, and the collector of this repository reads them.
const COLLECTOR: [&str; 5] = [
    "deploy/collector/builder.yaml",
    "deploy/collector/go.mod",
    "deploy/collector/go.sum",
    "deploy/collector/ocb/go.mod",
    "deploy/collector/ocb/go.sum",
];

/// A copy that is removed when dropped.
pub struct Fixture {
    home: TempDir,
    workspace: Workspace,
}

impl Fixture {
    /// Copies the fixture of the workspace at `root`, and adds the real rules of the tools.
    pub fn new(root: &Path) -> Result<Self, CannotCheck> {
        let failed = |error| CannotCheck::new(format!("the fixture cannot be copied: {error}"));
        // Without symbolic links, because cargo resolves them and paths are compared.
        let temp = std::env::temp_dir().canonicalize().map_err(failed)?;
        let home = TempDir::with_prefix_in("glassbox-selftest-", temp).map_err(failed)?;
        let tree = home.path().join("tree");
        copy(&root.join("xtask/fixture"), &tree).map_err(failed)?;
        for rules in ["clippy.toml", "deny.toml", "rustfmt.toml"] {
            std::fs::copy(root.join(rules), tree.join(rules)).map_err(failed)?;
        }
        for file in COLLECTOR {
            let target = tree.join(file);
            std::fs::create_dir_all(target.parent().unwrap_or(&tree))
                .and_then(|()| std::fs::copy(root.join(file), target))
                .map_err(failed)?;
        }
        let workspace = Workspace::silent(tree, home.path().join("target"));
        Ok(Self { home, workspace })
    }

    /// The copy as a workspace to check.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The parent folder of the tree, which is outside of the workspace.
    pub fn outside(&self) -> PathBuf {
        self.home.path().join("outside")
    }

    /// Writes a file, creating its folder.
    pub fn write(&self, path: &str, text: &str) -> Result<(), CannotCheck> {
        let path = self.workspace.root().join(path);
        let folder = path.parent().unwrap_or(self.workspace.root());
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| self.failed(&path, &error))
    }

    /// Appends to a file.
    pub fn append(&self, path: &str, text: &str) -> Result<(), CannotCheck> {
        let old = self.workspace.read(path)?;
        self.write(path, &format!("{old}{text}"))
    }

    /// Replaces the only occurrence of `old`. Fails otherwise, because a mutant that changes nothing proves nothing.
    pub fn replace(&self, path: &str, old: &str, new: &str) -> Result<(), CannotCheck> {
        let text = self.workspace.read(path)?;
        match text.matches(old).count() {
            1 => self.write(path, &text.replace(old, new)),
            count => Err(CannotCheck::new(format!(
                "{path} of the fixture has `{old}` {count} times"
            ))),
        }
    }

    /// Removes a file.
    pub fn remove(&self, path: &str) -> Result<(), CannotCheck> {
        let path = self.workspace.root().join(path);
        std::fs::remove_file(&path).map_err(|error| self.failed(&path, &error))
    }

    /// Adds a package that nothing else refers to.
    pub fn package(&self, folder: &str, name: &str) -> Result<(), CannotCheck> {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"MIT\"\npublish = false\n"
        );
        self.write(&format!("{folder}/Cargo.toml"), &manifest)?;
        self.write(&format!("{folder}/src/lib.rs"), "//! New.\n")
    }

    /// Updates the lock file, for mutants that change dependencies.
    pub fn relock(&self) -> Result<(), CannotCheck> {
        let locked = self.workspace.ask("generate-lockfile")?;
        if locked.success {
            Ok(())
        } else {
            Err(CannotCheck::new(locked.last_words()))
        }
    }

    /// Creates a git repository in a folder outside of the tree.
    pub fn commit_outside(&self) -> Result<(), CannotCheck> {
        let folder = self.outside();
        let identity = [
            "-c",
            "user.name=nobody",
            "-c",
            "user.email=nobody@localhost",
        ];
        let steps: [&[&str]; 3] = [
            &["init", "--quiet"],
            &["add", "."],
            &["commit", "--quiet", "-m", "A crate"],
        ];
        for step in steps {
            let mut git = std::process::Command::new("git");
            git.current_dir(&folder).args(identity).args(step);
            let done = crate::process::run(&mut git, Voice::Silent)?;
            if !done.success {
                return Err(CannotCheck::new(format!(
                    "git {step:?} fails: {}",
                    done.last_words()
                )));
            }
        }
        Ok(())
    }

    fn failed(&self, path: &Path, error: &io::Error) -> CannotCheck {
        let path = path
            .strip_prefix(self.home.path())
            .unwrap_or(path)
            .display();
        CannotCheck::new(format!("{path} of the fixture cannot be changed: {error}"))
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
