//! The real parts that suites need: made available once, and passed in their environment.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde::Deserialize;
use xtask::{
    outcome::CannotCheck,
    process::{self, Voice},
    workspace::Workspace,
};

use super::{distribution::Distribution, image, redis};

use crate::images;

/// A part that a suite may need, as named in manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    /// The collector's binary.
    Otelcol,
    /// The engine, with images of the collector and Redis.
    Docker,
    /// The server from the `PATH`.
    RedisServer,
    /// The images of the examples and of `glassbox`.
    Images,
    /// One of these images, compiled inside Docker, which takes minutes whenever the code has changed.
    MultiStage,
}

impl Part {
    /// The parts of a target that does not state its needs. The images require a separate build, so targets must
    /// request them.
    pub(super) const USUAL: [Self; 3] = [Self::Otelcol, Self::Docker, Self::RedisServer];
}

/// The available parts, and the reasons why others are unavailable.
#[derive(Debug, Default)]
pub(super) struct Parts {
    environment: BTreeMap<&'static str, String>,
    missing: BTreeMap<Part, String>,
}

impl Parts {
    /// Makes the needed parts available, and prints the way in which each was obtained.
    pub(super) fn provide(workspace: &Workspace, needed: &BTreeSet<Part>) -> Self {
        let mut parts = Self::default();
        for part in needed {
            let provided = match part {
                Part::Otelcol => parts.otelcol(workspace),
                Part::Docker => parts.docker(workspace),
                Part::RedisServer => redis_server(),
                Part::Images => parts.images(workspace),
                Part::MultiStage => parts.multi_stage(workspace),
            };
            if let Err(reason) = provided {
                parts.missing.insert(*part, reason.to_string());
            }
        }
        parts
    }

    /// Whether this part was requested and is available.
    pub(super) fn has(&self, part: Part) -> bool {
        !self.missing.contains_key(&part)
    }

    /// The environment of a suite with these needs.
    ///
    /// # Errors
    ///
    /// One of its parts is unavailable; the message states why.
    pub(super) fn environment(
        &self,
        needs: &BTreeSet<Part>,
    ) -> Result<&BTreeMap<&'static str, String>, CannotCheck> {
        match needs.iter().find_map(|part| self.missing.get(part)) {
            None => Ok(&self.environment),
            Some(reason) => Err(CannotCheck::new(reason.clone())),
        }
    }

    fn otelcol(&mut self, workspace: &Workspace) -> Result<(), CannotCheck> {
        let path = super::program(workspace)?.display().to_string();
        self.environment.insert("GLASSBOX_OTEL_COLLECTOR", path);
        Ok(())
    }

    fn docker(&mut self, workspace: &Workspace) -> Result<(), CannotCheck> {
        let (collector, way) = image::ensure(workspace, &Distribution::read(workspace)?)?;
        workspace.say(&format!("collector: image {way}: {collector}"));
        let (redis, way) = redis::ensure(workspace)?;
        workspace.say(&format!("collector: image {way}: {redis}"));
        self.environment
            .insert("GLASSBOX_COLLECTOR_IMAGE", collector);
        self.environment.insert("GLASSBOX_REDIS_IMAGE", redis);
        Ok(())
    }

    fn images(&mut self, workspace: &Workspace) -> Result<(), CannotCheck> {
        let version = images::ensure(workspace)?;
        self.environment.insert("GLASSBOX_IMAGES", version);
        Ok(())
    }

    fn multi_stage(&mut self, workspace: &Workspace) -> Result<(), CannotCheck> {
        let image = images::ensure_multi_stage(workspace)?;
        self.environment.insert("GLASSBOX_MULTI_STAGE_IMAGE", image);
        Ok(())
    }
}

fn redis_server() -> Result<(), CannotCheck> {
    answers("redis-server")
}

fn answers(program: &str) -> Result<(), CannotCheck> {
    let asked = process::run(Command::new(program).arg("--version"), Voice::Silent);
    let reason = match asked {
        Ok(asked) if asked.success => return Ok(()),
        Ok(asked) => format!("{program} is broken ({})", asked.last_words()),
        Err(_) => format!("{program} is not installed"),
    };
    Err(CannotCheck::new(format!(
        "{reason}: `cargo xtask setup` installs it"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_only_fails_is_not_there() {
        assert!(answers("true").is_ok());
        assert!(answers("false").unwrap_err().to_string().contains("broken"));
        let reason = answers("no-such-program-here").unwrap_err();
        assert!(reason.to_string().contains("not installed"), "{reason}");
    }
}
