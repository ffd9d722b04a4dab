//! Why Redis did not do what it was asked.

use glassbox_core::{Category, Problem};
use redis::{ErrorKind, RedisError, ServerErrorKind};
use std::fmt;

/// What its user has to be allowed; the guide has it as rules.
const NEEDED: &str = "EVAL, GET, MGET, SET, DEL, ZADD, ZREM, ZREVRANGE, ZREMRANGEBYSCORE, PTTL, \
    PEXPIRE, TIME and TYPE";

/// Where its URL comes from.
const SETTING: &str = "its URL (REDIS_URL)";

/// Why Redis did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It was not reached, did not answer, or cannot at present.
    Away(String),
    /// It does not take these credentials.
    Unauthenticated(String),
    /// It does not let this user do that, or is not what was expected.
    Refused(String),
}

impl Failure {
    /// What an error of the client's says, without any of these secrets, which it may repeat.
    pub(super) fn of(error: &RedisError, secrets: &[String]) -> Self {
        let said = said(error, secrets);
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Unauthenticated(format!(
                "the user or the password in {SETTING} is wrong: {said}"
            )),
            ErrorKind::Server(kind) if forbids(kind, &said) => Self::Refused(format!(
                "its user may not do what a registry needs, {NEEDED} on the keys of the namespace: {said}"
            )),
            ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask) => {
                Self::Refused(format!(
                    "it is a node of a cluster that does not hold the namespace; {SETTING} has to name the \
                     one that does: {said}"
                ))
            }
            ErrorKind::Server(ServerErrorKind::ReadOnly) => Self::Away(format!(
                "it is a replica, which takes no registrations; {SETTING} has to name the primary: {said}"
            )),
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => {
                Self::Refused(format!("it does not answer as Redis does: {said}"))
            }
            ErrorKind::Extension => match error.code() {
                Some("NOAUTH") => Self::Unauthenticated(format!(
                    "it wants a password, and {SETTING} has none or a wrong one: {said}"
                )),
                Some("WRONGPASS") => Self::Unauthenticated(format!(
                    "the user or the password in {SETTING} is wrong: {said}"
                )),
                Some("OOM") => Self::Away(format!(
                    "its memory is full; raise its maxmemory, or let it evict what is not a registration: {said}"
                )),
                Some("WRONGTYPE") => Self::Refused(format!(
                    "something else is under the registry's keys: {said}"
                )),
                _ => Self::Away(said),
            },
            _ => Self::Away(said),
        }
    }

    /// The failure with whoever failed.
    pub(super) fn at(self, place: &impl fmt::Display) -> Self {
        let tell = |text| format!("Redis at {place}: {text}");
        match self {
            Self::Away(text) => Self::Away(tell(text)),
            Self::Unauthenticated(text) => Self::Unauthenticated(tell(text)),
            Self::Refused(text) => Self::Refused(tell(text)),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Away(text) => {
                Problem::new(Category::Unavailable, "registry.unavailable", text)
            }
            Failure::Unauthenticated(text) => {
                Problem::new(Category::Unauthenticated, "registry.unauthenticated", text)
            }
            Failure::Refused(text) => Problem::new(Category::Forbidden, "registry.refused", text),
        }
    }
}

/// Whether it is the user who may not do that. Of a script that may not, the text alone says so.
fn forbids(kind: ServerErrorKind, said: &str) -> bool {
    kind == ServerErrorKind::NoPerm || said.contains("The user executing the script can't")
}

/// What went wrong, in one line.
fn said(error: &RedisError, secrets: &[String]) -> String {
    let text = error.to_string();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mask = |text: String, secret: &String| text.replace(secret.as_str(), "***");
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    secrets.fold(text, mask).chars().take(300).collect()
}
