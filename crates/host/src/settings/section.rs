//! The section `[host]` of a program's settings.

use super::HostSettings;
use glassbox_config::{Invalid, Section, Variable};

impl Section for HostSettings {
    const NAME: &'static str = "host";
    const VARIABLES: &'static [Variable] = &[
        Variable::new("GLASSBOX_HOST_BIND", "bind"),
        Variable::new("GLASSBOX_HOST_ENDPOINT", "endpoint"),
        Variable::new("GLASSBOX_REGISTRY_URL", "registry_url"),
        Variable::new("GLASSBOX_HOST_LEASE", "lease"),
        Variable::new("GLASSBOX_HOST_BODY_LIMIT", "body_limit"),
        Variable::new("GLASSBOX_HOST_BODY_TIMEOUT", "body_timeout"),
        Variable::new("GLASSBOX_HOST_HEADER_TIMEOUT", "header_timeout"),
        Variable::new("GLASSBOX_HOST_CONCURRENCY", "concurrency"),
        Variable::new("GLASSBOX_HOST_CONNECTIONS", "connections"),
        Variable::new("GLASSBOX_HOST_DRAIN_TIMEOUT", "drain_timeout"),
    ];

    fn validate(&self) -> Result<(), Invalid> {
        match self.wrong() {
            Some((key, must)) => Err(Invalid::new(key, must)),
            None => Ok(()),
        }
    }
}

/// A number of bytes, written as `1MiB` or as a plain number.
pub(super) mod bytes {
    use glassbox_config::ByteSize;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands over a reference"
    )]
    pub(in crate::settings) fn serialize<S: Serializer>(
        bytes: &usize,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let bytes = u64::try_from(*bytes).unwrap_or(u64::MAX);
        ByteSize::bytes(bytes).serialize(to)
    }

    pub(in crate::settings) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<usize, D::Error> {
        ByteSize::deserialize(from).map(ByteSize::as_usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_config::{Environment, Settings};
    use std::time::Duration;

    fn load(pairs: &[(&str, &str)]) -> Result<HostSettings, glassbox_config::SettingsError> {
        let environment: Environment = pairs.iter().copied().collect();
        let settings = Settings::builder()
            .section::<HostSettings>()
            .environment(&environment)
            .build()?;
        settings.load().map(glassbox_config::Loaded::into_value)
    }

    #[test]
    fn nothing_said_is_the_default() {
        assert_eq!(load(&[]).unwrap(), HostSettings::default());
    }

    #[test]
    fn every_variable_reaches_its_field() {
        let settings = load(&[
            ("GLASSBOX_HOST_BIND", "127.0.0.1:8080"),
            ("GLASSBOX_HOST_ENDPOINT", "http://tool:80"),
            ("GLASSBOX_REGISTRY_URL", "http://registry:4380"),
            ("GLASSBOX_HOST_LEASE", "5s"),
            ("GLASSBOX_HOST_BODY_LIMIT", "2MiB"),
            ("GLASSBOX_HOST_BODY_TIMEOUT", "6s"),
            ("GLASSBOX_HOST_HEADER_TIMEOUT", "7s"),
            ("GLASSBOX_HOST_CONCURRENCY", "8"),
            ("GLASSBOX_HOST_CONNECTIONS", "9"),
            ("GLASSBOX_HOST_DRAIN_TIMEOUT", "10s"),
        ]);
        let expected = HostSettings {
            bind: ([127, 0, 0, 1], 8080).into(),
            endpoint: Some("http://tool:80".to_owned()),
            registry_url: Some("http://registry:4380".to_owned()),
            lease: Duration::from_secs(5),
            body_limit: 2 << 20,
            body_timeout: Duration::from_secs(6),
            header_timeout: Duration::from_secs(7),
            concurrency: 8,
            connections: 9,
            drain_timeout: Duration::from_secs(10),
        };
        assert_eq!(settings.unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_used_is_said_with_its_variable() {
        let error = load(&[("GLASSBOX_REGISTRY_URL", "registry:4380")]).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("must begin with http://"), "{said}");
        assert!(said.contains("GLASSBOX_REGISTRY_URL"), "{said}");
    }
}
