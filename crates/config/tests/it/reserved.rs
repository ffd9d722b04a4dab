//! Values that a file must not set if the user did not choose it.

use glassbox_config::{Environment, Reserved, Section, Settings, SettingsError, Variable};
use serde::{Deserialize, Serialize};
use std::path::Path;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Collector {
    program: Option<String>,
    endpoint: Option<String>,
    headers: Option<String>,
}

impl Section for Collector {
    const NAME: &'static str = "collector";
    const VARIABLES: &'static [Variable] = &[
        Variable::new("GLASSBOX_PROGRAM", "program"),
        Variable::new("GLASSBOX_HEADERS", "headers"),
    ];

    fn reserved(&self) -> Vec<Reserved> {
        let mut reserved = vec![Reserved::receives("endpoint", "headers")];
        if self.program.as_deref().is_some_and(|it| it != "off") {
            reserved.push(Reserved::new("program", "names a program to run"));
        }
        reserved
    }
}

fn load(
    text: &str,
    named: Option<&Path>,
    variables: &[(&str, &str)],
) -> Result<Collector, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("glassbox.toml");
    std::fs::write(&path, text).unwrap();
    let flag = named.map(|name| folder.path().join(name));
    let mut environment: Vec<(String, String)> = Vec::new();
    for (name, value) in variables {
        let value = value.replace("FOLDER", folder.path().to_str().unwrap());
        environment.push(((*name).to_owned(), value));
    }
    let environment: Environment = environment.into_iter().collect();
    let settings = Settings::builder()
        .section::<Collector>()
        .environment(&environment)
        .discover(flag.as_deref(), &environment, folder.path())?
        .build()?;
    Ok(settings.load::<Collector>()?.into_value())
}

const PROGRAM: &str = "[collector]\nprogram = \"./c.sh\"\n";

#[test]
fn a_file_that_nobody_named_names_no_program() {
    let said = load(PROGRAM, None, &[]).err().unwrap().to_string();
    for words in [
        "collector.program",
        "glassbox.toml:2",
        "names a program to run",
        "--config",
        "GLASSBOX_CONFIG",
        "GLASSBOX_PROGRAM",
    ] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_file_that_was_named_may_and_so_may_the_environment() {
    let file = Some(Path::new("glassbox.toml"));
    let config = ("GLASSBOX_CONFIG", "FOLDER/glassbox.toml");
    let variable = ("GLASSBOX_PROGRAM", "./other");
    for (named, variables, expected) in [
        (file, &[][..], "./c.sh"),
        (None, &[config], "./c.sh"),
        (None, &[variable], "./other"),
    ] {
        let loaded = load(PROGRAM, named, variables).unwrap();
        assert_eq!(loaded.program.as_deref(), Some(expected));
    }
}

#[test]
fn other_values_of_the_key_are_not_reserved() {
    let loaded = load("[collector]\nprogram = \"off\"\n", None, &[]).unwrap();
    assert_eq!(loaded.program.as_deref(), Some("off"));
}

#[test]
fn a_file_that_nobody_named_sends_no_secret_that_it_does_not_have_itself() {
    let endpoint = "[collector]\nendpoint = \"http://evil.example\"\n";
    assert!(load(endpoint, None, &[]).is_ok(), "there is no secret");
    let both = format!("{endpoint}headers = \"a\"\n");
    assert!(load(&both, None, &[]).is_ok(), "the secret is the file's");
    let secret = [("GLASSBOX_HEADERS", "sesame")];
    let said = load(endpoint, None, &secret).err().unwrap().to_string();
    assert!(said.contains("collector.endpoint"), "{said}");
    assert!(said.contains("where a secret is sent"), "{said}");
    assert!(!said.contains("sesame"), "{said}");
    let named = Some(Path::new("glassbox.toml"));
    assert!(load(endpoint, named, &secret).is_ok());
}
