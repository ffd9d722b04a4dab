//! The real parts that suites need: made available once, and named in their environment.

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

/// What a suite may need, as manifests name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    /// The collector's binary.
    Otelcol,
    /// The engine, with images of the collector and of Redis.
    Docker,
    /// The server on the path.
    RedisServer,
    /// The images of the examples and of `glassbox`.
    Images,
    /// One of them, compiled inside of Docker: minutes, whenever the code changed.
    MultiStage,
}

impl Part {
    /// What a target gets that does not say what it needs. The images cost a build of their own, so somebody has to
    /// ask for them.
    pub(super) const USUAL: [Self; 3] = [Self::Otelcol, Self::Docker, Self::RedisServer];
}

/// Parts that are there, or the reason why not.
#[derive(Debug, Default)]
pub(super) struct Parts {
    environment: BTreeMap<&'static str, String>,
    missing: BTreeMap<Part, String>,
}

impl Parts {
    /// Makes those parts available that somebody needs, and says how each was had.
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

    /// Whether this part was asked for, and could be had.
    pub(super) fn has(&self, part: Part) -> bool {
        !self.missing.contains_key(&part)
    }

    /// What a suite with these needs finds in its environment.
    ///
    /// # Errors
    ///
    /// One of its parts could not be had, and why.
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
