//! The part of the Dockerfile that needs no compiler.

use xtask::outcome::CannotCheck;

/// The beginning of that part.
const BEGINS: &str = "FROM scratch AS base\n";

/// Returns the stages from `FROM scratch` on. They copy from the build context instead of the stage `build`.
///
/// # Errors
///
/// The file has no such stage, or copies nothing from the stage `build`.
pub(super) fn from_scratch(dockerfile: &str) -> Result<String, CannotCheck> {
    const FROM_BUILD: &str = "COPY --from=build ";
    let failed = |what: &str| CannotCheck::new(format!("{} has no {what}", super::DOCKERFILE));
    let start = dockerfile
        .find(BEGINS)
        .ok_or_else(|| failed("stage `FROM scratch AS base`"))?;
    let stages = &dockerfile[start..];
    if !stages.contains(FROM_BUILD) {
        return Err(failed("`COPY --from=build` after `FROM scratch`"));
    }
    Ok(stages.replace(FROM_BUILD, "COPY "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_from_the_build_comes_from_the_context() {
        let text = "ARG B\nFROM ${B} AS build\nRUN make\n\nFROM scratch AS base\nCOPY --from=build /out /\nCOPY --from=build --chown=1:1 /data /data\n";
        assert_eq!(
            from_scratch(text).unwrap(),
            "FROM scratch AS base\nCOPY /out /\nCOPY --chown=1:1 /data /data\n"
        );
    }

    #[test]
    fn a_file_without_the_stage_is_no_recipe() {
        assert!(from_scratch("FROM scratch\n").is_err());
        assert!(from_scratch("FROM scratch AS base\nUSER 1\n").is_err());
    }
}
