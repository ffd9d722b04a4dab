//! The section `[host]` of a program's settings.

use super::HostSettings;
use glassbox_config::{Form, Invalid, Reserved, Section, Variable};

impl Section for HostSettings {
    const NAME: &'static str = "host";
    const VARIABLES: &'static [Variable] = &[
        Variable::new("GLASSBOX_HOST_BIND", "bind"),
        Variable::new("GLASSBOX_HOST_KEY", "key").form(Form::List),
        Variable::new("GLASSBOX_HOST_KEY_FILE", "key_file"),
        Variable::new("GLASSBOX_HOST_ALLOW_ANONYMOUS", "allow_anonymous"),
        Variable::new("GLASSBOX_HOST_ALLOWED_HOSTS", "allowed_hosts").form(Form::List),
        Variable::new("GLASSBOX_HOST_PEERS", "peers").form(Form::List),
        Variable::new("GLASSBOX_HOST_PEER_KEY", "peer_key"),
        Variable::new("GLASSBOX_HOST_ENDPOINT", "endpoint"),
        Variable::new("GLASSBOX_REGISTRY_URL", "registry_url"),
        Variable::new("GLASSBOX_REGISTRY_KEY", "registry_key"),
        Variable::new("GLASSBOX_REDIS_URL", "redis_url"),
        Variable::new("REDIS_URL", "redis_url"),
        Variable::new("GLASSBOX_REDIS_NAMESPACE", "redis_namespace"),
        Variable::new("GLASSBOX_HOST_LAST_KNOWN", "last_known"),
        Variable::new("GLASSBOX_HOST_LEASE", "lease"),
        Variable::new("GLASSBOX_HOST_BODY_LIMIT", "body_limit"),
        Variable::new("GLASSBOX_HOST_BODY_TIMEOUT", "body_timeout"),
        Variable::new("GLASSBOX_HOST_HEADER_TIMEOUT", "header_timeout"),
        Variable::new("GLASSBOX_HOST_CONCURRENCY", "concurrency"),
        Variable::new("GLASSBOX_HOST_CONNECTIONS", "connections"),
        Variable::new("GLASSBOX_HOST_DRAIN_TIMEOUT", "drain_timeout"),
    ];

    const SECRETS: &'static [&'static str] = &["key", "peer_key", "redis_url", "registry_key"];

    fn reserved(&self) -> Vec<Reserved> {
        let mut reserved = vec![
            Reserved::receives("registry_url", "registry_key"),
            Reserved::receives("peers", "key"),
            Reserved::receives("peers", "key_file"),
            Reserved::receives("peers", "peer_key"),
        ];
        if self.key_file.is_some() {
            reserved.push(Reserved::new("key_file", "names a file with secrets"));
        }
        if self.allow_anonymous {
            let does = "lets everyone on the network in";
            reserved.push(Reserved::new("allow_anonymous", does));
        }
        reserved
    }

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
        reason = "serde passes a reference"
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
    use crate::RedisUrl;
    use glassbox_config::{Environment, Settings};
    use glassbox_guard::Keys;
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
            ("GLASSBOX_HOST_KEY", "new, old"),
            ("GLASSBOX_HOST_KEY_FILE", "/run/secrets/key"),
            ("GLASSBOX_HOST_ALLOW_ANONYMOUS", "true"),
            ("GLASSBOX_HOST_ALLOWED_HOSTS", "tool.example,tool"),
            ("GLASSBOX_HOST_PEERS", "http://tool:80,10.0.0.0/8"),
            ("GLASSBOX_HOST_PEER_KEY", "theirs"),
            ("GLASSBOX_HOST_ENDPOINT", "http://tool:80"),
            ("GLASSBOX_REGISTRY_URL", "http://registry:4380"),
            ("GLASSBOX_REGISTRY_KEY", "registrys"),
            ("GLASSBOX_REDIS_NAMESPACE", "staging"),
            ("GLASSBOX_HOST_LAST_KNOWN", "4m"),
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
            key: Keys::try_new(["new", "old"]).unwrap(),
            key_file: Some("/run/secrets/key".into()),
            allow_anonymous: true,
            allowed_hosts: vec!["tool.example".to_owned(), "tool".to_owned()],
            peers: vec!["http://tool:80".to_owned(), "10.0.0.0/8".to_owned()],
            peer_key: Keys::try_new(["theirs"]).unwrap(),
            endpoint: Some("http://tool:80".to_owned()),
            registry_url: Some("http://registry:4380".to_owned()),
            registry_key: Keys::try_new(["registrys"]).unwrap(),
            redis_url: None,
            redis_namespace: "staging".to_owned(),
            last_known: Duration::from_secs(240),
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
        assert!(said.contains("must start with http://"), "{said}");
        assert!(said.contains("GLASSBOX_REGISTRY_URL"), "{said}");
        // A list that is too old as soon as it is received could never be used.
        let error = load(&[("GLASSBOX_HOST_LAST_KNOWN", "999ms")]).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("must be at least 1s"), "{said}");
        assert!(said.contains("GLASSBOX_HOST_LAST_KNOWN"), "{said}");
    }

    #[test]
    fn an_endpoint_that_cannot_be_called_is_said_with_its_variable() {
        for (variable, value) in [
            ("GLASSBOX_HOST_ENDPOINT", "http://tool:99999"),
            ("GLASSBOX_HOST_ENDPOINT", "file:///etc/passwd"),
            ("GLASSBOX_REGISTRY_URL", "http://user:sesame@registry"),
            ("GLASSBOX_HOST_PEERS", "http://tool, *"),
            ("GLASSBOX_HOST_ALLOWED_HOSTS", "http://tool"),
        ] {
            let said = load(&[(variable, value)]).unwrap_err().to_string();
            assert!(said.contains(variable), "{said}");
            assert!(!said.contains("sesame"), "{said}");
        }
    }

    #[test]
    fn keys_are_nowhere_to_be_seen() {
        for variable in [
            "GLASSBOX_HOST_KEY",
            "GLASSBOX_HOST_PEER_KEY",
            "GLASSBOX_REGISTRY_KEY",
        ] {
            let environment = Environment::from([(variable, "sesame")]);
            let settings = Settings::builder()
                .section::<HostSettings>()
                .environment(&environment)
                .build()
                .unwrap();
            let loaded = settings.load::<HostSettings>().unwrap();
            let json = serde_json::to_string(&*loaded).unwrap();
            let debug = format!("{:?} {:?}", *loaded, loaded.entries());
            assert!(!json.contains("sesame") && !debug.contains("sesame"));
            assert!(debug.contains("***"), "{debug}");
            let said = load(&[(variable, "open sesame")]).unwrap_err().to_string();
            assert!(said.contains(variable), "{said}");
            assert!(!said.contains("sesame"), "{said}");
        }
    }

    #[test]
    fn redis_is_named_by_our_variable_or_the_usual_one() {
        let usual = ("REDIS_URL", "redis://usual:6379");
        let ours = ("GLASSBOX_REDIS_URL", "redis://ours:6379");
        for (pairs, expected) in [
            (&[usual][..], Some(usual.1)),
            (&[ours], Some(ours.1)),
            (&[usual, ours], Some(ours.1)),
            (&[("REDIS_URL", "")], None),
        ] {
            let settings = load(pairs).unwrap();
            assert_eq!(settings.redis_url, expected.map(RedisUrl::new), "{pairs:?}");
        }
    }

    #[test]
    fn two_registries_are_one_too_many() {
        let both = [
            ("REDIS_URL", "redis://cache"),
            ("GLASSBOX_REGISTRY_URL", "http://registry:4380"),
        ];
        let said = load(&both).unwrap_err().to_string();
        for name in [
            "host.redis_url",
            "host.registry_url",
            "REDIS_URL",
            "GLASSBOX_REGISTRY_URL",
        ] {
            assert!(said.contains(name), "{said}");
        }
    }

    #[test]
    fn a_namespace_that_would_break_out_of_its_braces_is_refused() {
        for name in ["a}b", "a b", "{a}", "*"] {
            let error = load(&[("GLASSBOX_REDIS_NAMESPACE", name)]).unwrap_err();
            assert!(error.to_string().contains("redis_namespace"), "{error}");
        }
    }

    #[test]
    fn the_password_of_redis_is_nowhere_to_be_seen() {
        let environment = Environment::from([("REDIS_URL", "redis://ann:sesame@cache:6379/1")]);
        let settings = Settings::builder()
            .section::<HostSettings>()
            .environment(&environment)
            .build()
            .unwrap();
        let loaded = settings.load::<HostSettings>().unwrap();
        let json = serde_json::to_string(&*loaded).unwrap();
        for shown in [
            format!("{:?}", *loaded),
            json,
            format!("{:?}", loaded.entries()),
        ] {
            assert!(!shown.contains("sesame"), "{shown}");
            assert!(shown.contains("redis_url"), "{shown}");
        }
        let wrong = load(&[("REDIS_URL", "http://ann:sesame@cache")]).unwrap_err();
        let said = wrong.to_string();
        assert!(
            said.contains("REDIS_URL") && !said.contains("sesame"),
            "{said}"
        );
    }
}
