//! Help, completions and manual pages.

use crate::glassbox::{command, run};

fn printed(arguments: &[&str]) -> String {
    let output = run(&mut command(arguments));
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    assert!(output.stderr.is_empty(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn no_arguments_and_help_print_the_commands_with_examples() {
    for arguments in [&[][..], &["help"], &["--help"], &["-h"]] {
        let help = printed(arguments);
        for part in [
            "AI agents you can see through",
            "doctor",
            "Examples:",
            "Exit status:",
        ] {
            assert!(
                help.contains(part),
                "{arguments:?} without '{part}': {help}"
            );
        }
    }
    assert_eq!(printed(&["help", "up"]), printed(&["up", "--help"]));
}

#[test]
fn every_command_has_a_manual_page_and_completions() {
    let page = printed(&["man"]);
    for command in ["up", "demo", "doctor", "probe", "completions"] {
        assert!(
            page.contains(&format!("glassbox\\-{command}")),
            "{command}: {page}"
        );
        let own = printed(&["man", command]);
        assert!(own.contains(".SH OPTIONS"), "{own}");
    }
    assert!(
        !page.contains("demo\\-service"),
        "the demo's own command is hidden"
    );
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]);
        assert!(script.contains("capture-content"), "{shell}");
    }
}

#[test]
fn colours_can_be_forced_and_forbidden() {
    let doctor = |more: &[&str]| {
        let mut doctor = command(&[
            "doctor",
            "--timeout",
            "1",
            "--endpoint",
            "http://127.0.0.1:9",
        ]);
        let folder = tempfile::tempdir().unwrap();
        String::from_utf8(run(doctor.args(more).current_dir(folder.path())).stdout).unwrap()
    };
    assert!(!doctor(&[]).contains('\x1b'));
    assert!(doctor(&["--color", "always"]).contains('\x1b'));
    assert!(!doctor(&["--color", "never"]).contains('\x1b'));
}
