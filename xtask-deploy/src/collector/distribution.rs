//! The collector's binary: its sources, its place in the cache, and its build with Go.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;
use xtask::{
    cache,
    outcome::CannotCheck,
    process::{self, Voice},
    workspace::Workspace,
};

use super::Way;

use crate::go;

/// All files that determine the binary, below `deploy/collector`.
const SOURCES: &[&str] = &[
    "builder.yaml",
    "go.mod",
    "go.sum",
    "ocb/go.mod",
    "ocb/go.sum",
];

/// The package of the OpenTelemetry Collector Builder.
const BUILDER: &str = "go.opentelemetry.io/collector/cmd/builder";

/// Modules with versions that the checksum database does not contain.
const UNLISTED: &str = "github.com/open-telemetry/opentelemetry-collector-contrib,\
    github.com/open-telemetry/opentelemetry-collector-contrib/*";

/// The file next to the binary that describes it; written last.
const STAMP: &str = "stamp";

/// The collector described by `deploy/collector`.
#[derive(Debug)]
pub(super) struct Distribution {
    /// The folder of the description.
    source: PathBuf,
    /// The folder in the cache for this version.
    home: PathBuf,
    version: String,
    builder: String,
    /// The checksums of all modules from which the builder is compiled.
    pins: String,
    stamp: String,
}

impl Distribution {
    /// Reads the description.
    ///
    /// # Errors
    ///
    /// A file is missing or does not state a version.
    pub(super) fn read(workspace: &Workspace) -> Result<Self, CannotCheck> {
        let mut sum = crc32fast::Hasher::new();
        for file in SOURCES {
            sum.update(
                workspace
                    .read(&format!("deploy/collector/{file}"))?
                    .as_bytes(),
            );
        }
        let description = workspace.read("deploy/collector/builder.yaml")?;
        let version = distribution_version(&description).ok_or_else(|| {
            CannotCheck::new("deploy/collector/builder.yaml names no version of its distribution")
        })?;
        let module = workspace.read("deploy/collector/ocb/go.mod")?;
        let builder = required_version(&module, BUILDER)
            .ok_or_else(|| CannotCheck::new("deploy/collector/ocb/go.mod requires no builder"))?;
        Ok(Self {
            source: workspace.root().join("deploy/collector"),
            home: cache::folder("otelcol")?.join(&version),
            stamp: stamp(&version, &builder, sum.finalize()),
            pins: workspace.read("deploy/collector/ocb/go.sum")?,
            version,
            builder,
        })
    }

    /// The path of the binary, whether or not it exists.
    pub(super) fn binary(&self) -> PathBuf {
        self.home.join("otelcol")
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Identifies the description, in one line.
    pub(super) fn stamp(&self) -> &str {
        &self.stamp
    }

    /// The folder that describes the collector.
    pub(super) fn source(&self) -> &Path {
        &self.source
    }

    /// Ensures that the binary exists and matches the description.
    ///
    /// # Errors
    ///
    /// Go is missing or too old, a module is unavailable, or the new binary does not start.
    pub(super) fn ensure(&self, workspace: &Workspace) -> Result<Way, CannotCheck> {
        cache::make(&self.home)?;
        let lock = self.home.join("lock");
        let failed = |error| cache::failed(&lock, &error);
        let guard = File::create(&lock).map_err(failed)?;
        if guard.try_lock().is_err() {
            workspace.say("collector: somebody else builds the binary, waiting for that");
            guard.lock().map_err(failed)?;
        }
        if self.is_present() {
            return Ok(Way::Present);
        }
        self.build(workspace)?;
        Ok(Way::Built)
    }

    fn is_present(&self) -> bool {
        let stamp = std::fs::read_to_string(self.home.join(STAMP)).unwrap_or_default();
        stamp == self.stamp && self.binary().is_file()
    }

    fn build(&self, workspace: &Workspace) -> Result<(), CannotCheck> {
        let go = go::find()?;
        let builder = self.builder(workspace, &go)?;
        workspace.say(&format!(
            "collector: building version {} with Go, two to four minutes when nothing is cached",
            self.version
        ));
        // Next to its destination, so that it can be renamed atomically.
        let work = TempDir::with_prefix_in("build-", &self.home)
            .map_err(|error| cache::failed(&self.home, &error))?;
        for file in ["go.mod", "go.sum"] {
            place(&self.source.join(file), &work.path().join(file))?;
        }
        let mut compile = self.generate(&builder, &go, work.path());
        // Uses our own module files: the builder requests no versions, and Go checks every download against go.sum.
        compile.args(["--skip-get-modules", "--ldflags", "-s -w"]);
        let compiled = workspace.show(&mut compile)?;
        if !compiled.success {
            return Err(CannotCheck::new(format!(
                "the collector cannot be built: {}. When deploy/collector/builder.yaml changed, \
                 `cargo xtask collector lock` brings go.mod and go.sum up to it",
                compiled.last_words()
            )));
        }
        let made = work.path().join("glassbox-otelcol");
        self.try_out(&made)?;
        self.keep(&made)
    }

    /// The command that runs the builder with its output in `folder`.
    fn generate(&self, builder: &Path, go: &Path, folder: &Path) -> Command {
        let mut command = Command::new(builder);
        command
            .current_dir(&self.source)
            .args(["--config", "builder.yaml"])
            .env("dist.output_path", folder);
        if go.is_absolute() {
            command.env("dist.go", go);
        }
        go::settle(&mut command);
        command
    }

    /// The builder, compiled from the module that pins it.
    fn builder(&self, workspace: &Workspace, go: &Path) -> Result<PathBuf, CannotCheck> {
        let program = cache::folder("otelcol")?.join(builder_name(&self.builder, &self.pins));
        if program.is_file() {
            return Ok(program);
        }
        workspace.say(&format!(
            "collector: building the OpenTelemetry Collector Builder {}",
            self.builder
        ));
        let partial = self.home.join("ocb");
        let mut command = go::command(go);
        command
            .current_dir(self.source.join("ocb"))
            .args(["build", "-mod=readonly", "-trimpath", "-o"])
            .arg(&partial)
            .arg(BUILDER);
        let built = workspace.show(&mut command)?;
        if !built.success {
            return Err(CannotCheck::new(format!(
                "the OpenTelemetry Collector Builder cannot be built: {}",
                built.last_words()
            )));
        }
        rename(&partial, &program)?;
        Ok(program)
    }

    /// Rejects a binary that does not start here or reports another version.
    fn try_out(&self, binary: &Path) -> Result<(), CannotCheck> {
        let asked = process::run(Command::new(binary).arg("--version"), Voice::Silent)?;
        if asked.success && asked.stdout.trim_end().ends_with(&self.version) {
            return Ok(());
        }
        Err(CannotCheck::new(format!(
            "what was built does not call itself {}: {}{}",
            self.version,
            asked.stdout.trim(),
            asked.last_words()
        )))
    }

    /// Moves the binary to its place. It is valid only with its stamp, which is written last.
    fn keep(&self, made: &Path) -> Result<(), CannotCheck> {
        let stamp = self.home.join(STAMP);
        if stamp.exists() {
            std::fs::remove_file(&stamp).map_err(|error| cache::failed(&stamp, &error))?;
        }
        rename(made, &self.binary())?;
        place(
            &self.source.join("builder.yaml"),
            &self.home.join("builder.yaml"),
        )?;
        std::fs::write(&stamp, &self.stamp).map_err(|error| cache::failed(&stamp, &error))
    }

    /// Resolves the modules again and writes `go.mod` and `go.sum` of the distribution.
    ///
    /// # Errors
    ///
    /// A module or its checksum is unavailable.
    pub(super) fn lock(&self, workspace: &Workspace) -> Result<usize, CannotCheck> {
        let go = go::find()?;
        cache::make(&self.home)?;
        let builder = self.builder(workspace, &go)?;
        let work = TempDir::with_prefix_in("lock-", &self.home)
            .map_err(|error| cache::failed(&self.home, &error))?;
        let resolve = |trust: &[(&str, &str)]| {
            let mut command = self.generate(&builder, &go, work.path());
            let envs = trust.iter().copied();
            workspace.show(command.arg("--skip-compilation").envs(envs))
        };
        let mut resolved = resolve(&[])?;
        for (trust, what) in [
            (
                ("GONOSUMDB", UNLISTED),
                "modules of the collector's contributors",
            ),
            (("GOSUMDB", "off"), "any module"),
        ] {
            if resolved.success {
                break;
            }
            workspace.say(&format!(
                "collector: THE CHECKSUM DATABASE DOES NOT VOUCH FOR A MODULE ({}); trying again without its word for \
                 {what}: look at every new line of go.sum before it is committed",
                resolved.last_words()
            ));
            resolved = resolve(&[trust])?;
        }
        if !resolved.success {
            return Err(CannotCheck::new(format!(
                "the modules of the collector cannot be resolved: {}",
                resolved.last_words()
            )));
        }
        for file in ["go.mod", "go.sum"] {
            place(&work.path().join(file), &self.source.join(file))?;
        }
        Ok(workspace.read("deploy/collector/go.sum")?.lines().count())
    }
}

fn place(from: &Path, to: &Path) -> Result<(), CannotCheck> {
    std::fs::copy(from, to)
        .map(drop)
        .map_err(|error| cache::failed(to, &error))
}

fn rename(from: &Path, to: &Path) -> Result<(), CannotCheck> {
    std::fs::rename(from, to).map_err(|error| cache::failed(to, &error))
}

/// The name of a builder in the cache, which depends on its modules.
fn builder_name(version: &str, pins: &str) -> String {
    format!("ocb-{version}-{:08x}", crc32fast::hash(pins.as_bytes()))
}

fn stamp(version: &str, builder: &str, sum: u32) -> String {
    format!("otelcol {version}, ocb {builder}, sources {sum:08x}")
}

/// The version in the `dist` section of a builder's config.
fn distribution_version(yaml: &str) -> Option<String> {
    let mut lines = yaml.lines().skip_while(|line| line.trim_end() != "dist:");
    lines.next()?;
    lines
        .take_while(|line| line.starts_with(' ') || line.trim().is_empty())
        .find_map(|line| line.trim().strip_prefix("version:"))
        .map(|version| version.trim().trim_matches('"').to_owned())
        .filter(|version| !version.is_empty())
}

/// The version of `module` that a `go.mod` requires.
fn required_version(go_mod: &str, module: &str) -> Option<String> {
    go_mod.lines().find_map(|line| {
        let line = line.trim();
        let mut words = line
            .strip_prefix("require ")
            .unwrap_or(line)
            .split_whitespace();
        (words.next()? == module).then_some(())?;
        words.next().map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_distribution_and_of_nothing_else() {
        let yaml = "# x\ndist:\n  name: a\n  version: 1.2.3\n\nreceivers:\n  - gomod: b v9.9.9\n";
        assert_eq!(distribution_version(yaml).as_deref(), Some("1.2.3"));
        let other = "dist:\n  name: a\nextensions:\n  version: 1.2.3\n";
        assert_eq!(distribution_version(other), None);
    }

    #[test]
    fn the_builder_is_the_one_its_module_requires() {
        let one = format!("require {BUILDER} v0.1.0\n");
        assert_eq!(required_version(&one, BUILDER).as_deref(), Some("v0.1.0"));
        let many =
            format!("tool {BUILDER}\nrequire (\n\tother v3\n\t{BUILDER} v0.2.0 // indirect\n)\n");
        assert_eq!(required_version(&many, BUILDER).as_deref(), Some("v0.2.0"));
        assert_eq!(required_version("module a\n", BUILDER), None);
    }

    #[test]
    fn any_change_of_the_sources_or_versions_changes_the_stamp() {
        let one = stamp("1", "v1", 1);
        for other in [
            stamp("2", "v1", 1),
            stamp("1", "v2", 1),
            stamp("1", "v1", 2),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_builder_of_other_modules_is_another_one() {
        let one = builder_name("v1", "a h1:x");
        assert_ne!(one, builder_name("v1", "a h1:y"));
        assert_ne!(one, builder_name("v2", "a h1:x"));
    }

    #[test]
    fn an_image_of_the_collector_says_its_version() {
        let workspace = Workspace::discover().unwrap();
        let version = Distribution::read(&workspace).unwrap().version;
        let label = format!("org.opencontainers.image.version={version:?} ");
        for file in ["Dockerfile", "Dockerfile.prebuilt"] {
            let recipe = workspace.read(&format!("deploy/collector/{file}")).unwrap();
            assert!(recipe.contains(&label), "{file}");
        }
    }

    #[test]
    fn the_pins_of_this_repository_belong_together() {
        let workspace = Workspace::discover().unwrap();
        let collector = Distribution::read(&workspace).unwrap();
        assert_eq!(collector.builder, format!("v{}", collector.version));
        let modules = workspace.read("deploy/collector/go.mod").unwrap();
        let described = workspace.read("deploy/collector/builder.yaml").unwrap();
        let pins: Vec<&str> = described
            .lines()
            .filter_map(|line| line.trim().strip_prefix("- gomod: "))
            .collect();
        assert!(pins.len() > 10);
        for pin in pins {
            assert!(
                modules.contains(&format!("\t{pin}\n")),
                "go.mod lacks {pin}"
            );
        }
    }

    #[test]
    fn both_ways_to_an_image_end_in_the_same_image() {
        let workspace = Workspace::discover().unwrap();
        let [whole, prebuilt] = ["Dockerfile", "Dockerfile.prebuilt"].map(|file| {
            let text = workspace.read(&format!("deploy/collector/{file}")).unwrap();
            let last = text.rfind("FROM scratch").unwrap();
            text[last..].to_owned()
        });
        let lines = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            lines
                .map(|line| {
                    line.replace("--from=build ", "")
                        .replace("COPY /etc/ssl/certs/", "COPY ")
                        .replace(" /data /data", " data /data")
                        .replace("COPY /otelcol", "COPY otelcol")
                })
                .collect()
        };
        assert_eq!(lines(&whole), lines(&prebuilt));
    }
}
