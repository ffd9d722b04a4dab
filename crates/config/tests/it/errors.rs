//! Messages for invalid settings.

use glassbox_config::{Section, Settings, SettingsError, Variable};
use serde::{Deserialize, Serialize};

use crate::{Telemetry, builder, environment, file};

/// The error's text, without the folder of the file.
fn refused(name: &str, text: &str) -> String {
    let (folder, path) = file(name, text);
    let error = builder()
        .file(path)
        .and_then(|builder| builder.build())
        .and_then(|settings| settings.load::<Telemetry>())
        .unwrap_err();
    let folder = format!("{}/", folder.path().display());
    error.to_string().replace(&folder, "")
}

fn refused_from(name: &str, value: &str) -> String {
    builder()
        .environment(&environment([(name, value)]))
        .build()
        .and_then(|settings| settings.load::<Telemetry>())
        .unwrap_err()
        .to_string()
}

#[test]
fn unknown_keys_are_named_all_at_once_with_lines_and_the_nearest_known_ones() {
    assert_eq!(
        refused(
            "glassbox.toml",
            "[telemetry]\nendpont = \"x\"\nzzz = 1\n\n[telemetry.limits]\nbdy = 1\n\
             [colector]\nenabled = true\n[otel]\nservice_nam = \"a\"\n",
        ),
        "unknown key telemetry.endpont in glassbox.toml:2; did you mean telemetry.endpoint?\n\
         unknown key telemetry.zzz in glassbox.toml:3; known: batch_timeout, enabled, endpoint, headers, key, limits, propagators, protocol, resource_attributes, sampling_ratio, service_name\n\
         unknown key telemetry.limits.bdy in glassbox.toml:6; did you mean telemetry.limits.body?\n\
         unknown key colector.enabled in glassbox.toml:8; did you mean collector?\n\
         unknown key otel.service_nam in glassbox.toml:10; did you mean otel.service_name?"
    );
}

#[test]
fn an_unknown_key_in_yaml_has_its_line_too() {
    assert_eq!(
        refused(
            "glassbox.yaml",
            "telemetry:\n  enabled: true\n  limits:\n    queu: 3\n"
        ),
        "unknown key telemetry.limits.queu in glassbox.yaml:4; \
         did you mean telemetry.limits.queue?"
    );
}

#[test]
fn a_key_at_the_wrong_depth_is_pointed_to_the_right_one() {
    assert_eq!(
        refused("glassbox.toml", "[telemetry]\nqueue = 3\n"),
        "unknown key telemetry.queue in glassbox.toml:2; did you mean telemetry.limits.queue?"
    );
}

#[test]
fn a_value_of_the_wrong_type_says_where_it_stands() {
    assert_eq!(
        refused("glassbox.toml", "[telemetry.limits]\nqueue = \"many\"\n"),
        "invalid value of telemetry.limits.queue \
         (glassbox.toml:2, key telemetry.limits.queue): found string \"many\", expected u16"
    );
    assert_eq!(
        refused("glassbox.toml", "[telemetry]\nbatch_timeout = 5000\n"),
        "invalid value of telemetry.batch_timeout \
         (glassbox.toml:2, key telemetry.batch_timeout): found signed int `5000`, \
         expected a duration with a unit, such as 5s or 250ms"
    );
    assert_eq!(
        refused_from("GLASSBOX_BODY", "64 megs"),
        "invalid value of telemetry.limits.body (variable GLASSBOX_BODY): \
         \"64 megs\" is not a size; write it as 4096, 64KiB, 10MB or 1.5GiB"
    );
    assert_eq!(
        refused_from("OTEL_BSP_SCHEDULE_DELAY", "5s"),
        "invalid value of telemetry.batch_timeout (variable OTEL_BSP_SCHEDULE_DELAY): \
         \"5s\" is not a whole number of milliseconds"
    );
}

#[test]
fn an_unknown_variant_lists_the_known_ones() {
    let said = refused(
        "glassbox.toml",
        "[telemetry]\nprotocol = \"carrier-pigeon\"\n",
    );
    assert!(
        said.contains("invalid value of telemetry.protocol"),
        "{said}"
    );
    assert!(said.contains("grpc"), "{said}");
}

#[test]
fn a_value_out_of_range_is_refused_with_its_origin() {
    assert_eq!(
        refused_from("GLASSBOX_SAMPLING_RATIO", "2"),
        "invalid value of telemetry.sampling_ratio (variable GLASSBOX_SAMPLING_RATIO): \
         must be between 0 and 1"
    );
}

#[test]
fn a_secret_is_not_said_even_when_it_is_wrong() {
    let said = refused("glassbox.toml", "[telemetry]\nkey = [\"s3cret\"]\n");
    assert!(said.starts_with("invalid value of telemetry.key"), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
    assert_eq!(
        refused_from("OTEL_EXPORTER_OTLP_HEADERS", "Bearer s3cret"),
        "invalid value of telemetry.headers (variable OTEL_EXPORTER_OTLP_HEADERS): \
         it does not have the expected form"
    );
}

#[test]
fn a_secret_is_in_no_debug_output() {
    let environment = environment([
        ("BACKEND_KEY", "s3cret"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=s3cret"),
    ]);
    let builder = builder()
        .environment(&environment)
        .explicit("telemetry.key", "s3cret", "--key");
    let mut shown = format!("{environment:?} {builder:?}");
    let settings = builder.build().unwrap();
    let telemetry = settings.load::<Telemetry>().unwrap();
    assert_eq!(telemetry.headers["authorization"], "s3cret");
    shown += &format!("{settings:?} {telemetry:?}");
    assert!(shown.contains("BACKEND_KEY"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn one_value_under_two_spellings_is_refused() {
    assert_eq!(
        refused(
            "glassbox.toml",
            "[telemetry]\nendpoint = \"a\"\notlp_endpoint = \"b\"\n"
        ),
        "telemetry.endpoint is set twice: glassbox.toml:2, key telemetry.endpoint, \
         and glassbox.toml:3, key telemetry.otlp_endpoint"
    );
}

#[test]
fn a_file_that_does_not_parse_names_the_line() {
    let said = refused("glassbox.toml", "[telemetry]\nenabled = tru\n");
    assert!(said.starts_with("cannot parse glassbox.toml:2: "), "{said}");
    let said = refused("glassbox.yaml", "telemetry:\n  enabled: [1\nother: 2\n");
    assert!(said.starts_with("cannot parse glassbox.yaml:"), "{said}");
    assert!(!said.contains('\n'), "{said}");
    assert_eq!(
        refused("glassbox.yaml", "just text\n"),
        "cannot parse glassbox.yaml:1: expected sections, found a single value"
    );
    assert_eq!(
        refused("glassbox.json", "{}"),
        "the settings file glassbox.json must end in .toml, .yaml or .yml"
    );
}

#[test]
fn a_key_that_a_file_has_twice_is_refused() {
    let said = refused(
        "glassbox.toml",
        "[telemetry]\nenabled = true\nenabled = false\n",
    );
    assert!(
        said.starts_with("cannot parse glassbox.toml:3: duplicate key"),
        "{said}"
    );
    let said = refused(
        "glassbox.yaml",
        "telemetry:\n  enabled: true\n  enabled: false\n",
    );
    assert!(
        said.starts_with("cannot parse glassbox.yaml:3: duplicate"),
        "{said}"
    );
}

#[test]
fn a_yaml_file_that_unfolds_without_end_is_refused() {
    let mut bomb = "telemetry:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let items = format!("*a{}, ", level - 1).repeat(10);
        bomb += &format!("  a{level}: &a{level} [{items}]\n");
    }
    let said = refused("glassbox.yaml", &bomb);
    assert!(said.starts_with("cannot parse glassbox.yaml:"), "{said}");
}

#[test]
fn a_flag_for_a_key_that_is_not_there_is_a_defect_that_is_said() {
    let error = builder()
        .explicit("telemetry.endpont", "x", "--backend")
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "flag --backend sets telemetry.endpont, which is not a key of that section"
    );
}

#[test]
fn a_variable_for_a_key_that_is_not_there_is_a_defect_that_is_said_even_when_unset() {
    #[derive(Default, Serialize, Deserialize)]
    struct Broken {
        kept: bool,
    }
    impl Section for Broken {
        const NAME: &'static str = "broken";
        const VARIABLES: &'static [Variable] = &[Variable::new("BROKEN_KEY", "gone")];
    }
    let error = Settings::builder().section::<Broken>().build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "variable BROKEN_KEY sets broken.gone, which is not a key of that section"
    );
}

#[test]
fn a_section_must_be_named_before_it_is_loaded() {
    let settings = Settings::builder().build().unwrap();
    assert!(matches!(
        settings.load::<Telemetry>(),
        Err(SettingsError::NoSection { .. })
    ));
}

#[test]
#[cfg(unix)]
fn a_variable_that_is_not_text_is_an_error_that_names_it() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};
    let odd = |name: &str| (name.to_owned(), OsString::from_vec(b"caf\xe9".to_vec()));
    let build = |names: &[&str]| {
        let environment = names.iter().map(|name| odd(name)).collect();
        let builder = builder().environment(&environment);
        builder.build().map_err(|error| error.to_string())
    };
    assert_eq!(
        build(&["OTEL_SERVICE_NAME"]).unwrap_err(),
        "the value of variable OTEL_SERVICE_NAME is not UTF-8; set it again, or unset it"
    );
    let two = build(&["GLASSBOX_A", "GLASSBOX_B"]).unwrap_err();
    assert!(
        two.contains("GLASSBOX_A, GLASSBOX_B are not UTF-8"),
        "{two}"
    );
    assert!(build(&["SOMEBODY_ELSES"]).is_ok());
}

#[test]
fn a_file_that_is_not_text_is_an_error_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("glassbox.toml");
    std::fs::write(&path, b"[telemetry]\n# caf\xe9\n").unwrap();
    let error = builder().file(&path).unwrap_err().to_string();
    assert!(
        error.contains("glassbox.toml:2: the line is not UTF-8"),
        "{error}"
    );
}
