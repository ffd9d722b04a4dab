//! The settings to change in this program after an error of its agent. The agent itself cannot name
//! them.

/// The variable that helps after an error with this code, and how to set it.
const HINTS: &[(&str, &str, &str)] = &[
    (
        "agent.step_limit",
        "GLASSBOX_AI_MAX_STEPS",
        "set GLASSBOX_AI_MAX_STEPS to allow more calls of the model",
    ),
    (
        "model.context_too_long",
        "GLASSBOX_MODEL",
        "set GLASSBOX_MODEL to a model with a larger context",
    ),
    (
        "model.not_found",
        "GLASSBOX_MODEL",
        "set GLASSBOX_MODEL to a model that the server has",
    ),
    (
        "model.timeout",
        "GLASSBOX_AI_TIMEOUT",
        "set GLASSBOX_AI_TIMEOUT to wait longer",
    ),
    (
        "model.unauthenticated",
        "OPENAI_API_KEY",
        "set OPENAI_API_KEY to a key that is valid there",
    ),
];

/// An error message, followed by the setting to change.
pub(super) fn with_hint(message: &str, code: &str) -> String {
    let hint = HINTS.iter().find(|(known, ..)| *known == code);
    match hint {
        Some((_, variable, hint)) if !message.contains(variable) => format!("{message}; {hint}"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_ai::AiSettings;
    use glassbox_config::Section;

    #[test]
    fn a_hint_names_a_variable_that_the_program_reads() {
        for (code, variable, hint) in HINTS {
            let mut read = AiSettings::VARIABLES.iter();
            assert!(
                read.any(|read| read.name() == *variable),
                "{code}: {variable}"
            );
            assert!(hint.contains(variable), "{code}: {hint}");
        }
    }

    #[test]
    fn a_message_gets_its_hint_once() {
        assert_eq!(
            with_hint("no answer", "agent.step_limit"),
            "no answer; set GLASSBOX_AI_MAX_STEPS to allow more calls of the model"
        );
        assert_eq!(
            with_hint("set OPENAI_API_KEY", "model.unauthenticated"),
            "set OPENAI_API_KEY"
        );
        assert_eq!(with_hint("odd", "odd.code"), "odd");
    }
}
