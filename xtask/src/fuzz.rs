//! `cargo xtask fuzz`: builds and runs the fuzz targets, which are a separate workspace.
//!
//! The targets are ordinary programs that link libFuzzer, built with the coverage flags that it needs. These flags are
//! stable, so neither a nightly toolchain nor `cargo-fuzz` is needed; `cargo fuzz` works in the folder as well.

use std::path::Path;
use std::process::Command;

use crate::outcome::{CannotCheck, Report};
use crate::process;
use crate::workspace::Workspace;

/// The options of `fuzz`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// One target, or all of them if `None`.
    pub(crate) target: Option<String>,
    /// The number of inputs that each target must try.
    pub(crate) runs: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            target: None,
            runs: 1_000_000,
        }
    }
}

/// The flags that instrument a program for libFuzzer's coverage.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg=fuzzing",
];

/// Memory limit of one target in MiB, also for a single allocation.
const MEMORY: u32 = 1024;

/// Maximum size of an input in bytes.
const LONGEST: u32 = 4096;

/// Runs the targets; each must try the requested number of inputs.
///
/// # Errors
///
/// The targets cannot be found or built.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Report, CannotCheck> {
    let folder = workspace.root().join("fuzz");
    let known = targets(&folder)?;
    let chosen = match &options.target {
        None => known,
        Some(name) if known.contains(name) => vec![name.clone()],
        Some(name) => {
            let known = known.join(", ");
            return Err(CannotCheck::new(format!(
                "there is no fuzz target `{name}`: the targets are {known}"
            )));
        }
    };
    let host = host(workspace)?;
    let artefacts = workspace.target_folder().join("fuzz");
    let mut build = workspace.cargo("build --release --locked --bins --target");
    build
        .arg(&host)
        .arg("--manifest-path")
        .arg(folder.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", &artefacts)
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
    let built = workspace.show(&mut build)?;
    if !built.success {
        let reason = built.last_words();
        return Err(CannotCheck::new(format!(
            "the fuzz targets cannot be built: {reason}"
        )));
    }
    let programs = artefacts.join(&host).join("release");
    let mut violations = Vec::new();
    let mut inputs = 0;
    for name in &chosen {
        match fuzz(workspace, &programs.join(name), &folder, name, options.runs)? {
            Ok(tried) => inputs += tried,
            Err(violation) => violations.push(violation),
        }
    }
    let inputs = usize::try_from(inputs).unwrap_or(usize::MAX);
    let targets = chosen.len();
    Report::new(
        inputs,
        &format!("inputs for {targets} fuzz targets"),
        violations,
    )
}

/// Returns the names of the targets: those of the files in `fuzz_targets`.
fn targets(folder: &Path) -> Result<Vec<String>, CannotCheck> {
    let sources = folder.join("fuzz_targets");
    let cannot = |error| CannotCheck::new(format!("{}: {error}", sources.display()));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&sources).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let name = path
            .file_stem()
            .map(|name| name.to_string_lossy().into_owned());
        names.extend(name);
    }
    names.sort_unstable();
    Ok(names)
}

/// Returns the host triple. With an explicit target, build scripts do not get the flags.
fn host(workspace: &Workspace) -> Result<String, CannotCheck> {
    let version = workspace.ask("--version --verbose")?.stdout;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| CannotCheck::new("`cargo --version --verbose` names no host"))
}

/// Runs one target. Returns how many inputs it tried, or what is wrong.
fn fuzz(
    workspace: &Workspace,
    program: &Path,
    folder: &Path,
    name: &str,
    runs: u64,
) -> Result<Result<u64, String>, CannotCheck> {
    let corpus = folder.join("corpus").join(name);
    let found = folder.join("found").join(name);
    for folder in [&corpus, &found] {
        std::fs::create_dir_all(folder)
            .map_err(|error| CannotCheck::new(format!("{}: {error}", folder.display())))?;
    }
    workspace.say(&format!("fuzz: {name}, {runs} inputs"));
    let mut command = Command::new(program);
    // New inputs go to the first folder, so that the committed corpus does not change.
    command
        .arg(&found)
        .arg(&corpus)
        .arg(format!("-runs={runs}"))
        .arg(format!("-rss_limit_mb={MEMORY}"))
        .arg(format!("-max_len={LONGEST}"))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .args(["-print_final_stats=1", "-verbosity=0"]);
    let finished = process::run(&mut command, workspace.voice())?;
    let tried = executed(&finished.stderr).unwrap_or(0);
    if !finished.success {
        return Ok(Err(finished.violation(&format!("fuzz target {name}"))));
    }
    if tried < runs {
        return Ok(Err(format!(
            "fuzz target {name} tried {tried} inputs, fewer than {runs}"
        )));
    }
    Ok(Ok(tried))
}

/// Reads the number of inputs from libFuzzer's statistics.
fn executed(stderr: &str) -> Option<u64> {
    let line = stderr
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::executed;

    #[test]
    fn the_number_of_inputs_is_read_from_the_statistics() {
        let stderr = "Done\nstat::number_of_executed_units: 1000000\nstat::peak_rss_mb:  29\n";
        assert_eq!(executed(stderr), Some(1_000_000));
        assert_eq!(executed("Done"), None);
    }
}
