//! Failures of Redis.

use glassbox_core::{Category, Problem};
use redis::{ErrorKind, RedisError, ServerErrorKind};
use std::fmt;

/// The required permissions; the guide has the complete rules.
const NEEDED: &str = "EVAL, GET, GETRANGE, STRLEN, SET, DEL, ZADD, ZREM, ZREVRANGE, ZREMRANGEBYSCORE, PTTL, \
    PEXPIRE, TIME and TYPE, and SELECT where its URL names a database,";

/// The settings that contain the URL.
const SETTING: &str = "its URL (REDIS_URL)";

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It is unreachable, does not respond, or cannot serve the request now.
    Away(String),
    /// It rejects the credentials.
    Unauthenticated(String),
    /// It denies the permission, or does not behave as expected.
    Refused(String),
}

impl Failure {
    /// The failure for an error of the client, with these secrets removed from its text.
    pub(super) fn of(error: &RedisError, secrets: &[String]) -> Self {
        let said = said(error, secrets);
        let text = error.to_string();
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::wrong_login(&said),
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => {
                Self::Refused(format!("unexpected response: {said}"))
            }
            ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask) => {
                Self::Refused(format!(
                    "it is a node of a cluster that does not hold the namespace; {SETTING} has to name the \
                     one that does: {said}"
                ))
            }
            _ if says(error, "WRONGPASS") => Self::wrong_login(&said),
            // For a rejected database, only the text contains the reason.
            _ if says(error, "NOAUTH") || text.contains("Authentication required") => {
                Self::Unauthenticated(format!(
                    "it requires a password, and {SETTING} has none or a wrong one: {said}"
                ))
            }
            _ if forbids(error) => Self::Refused(format!(
                "its user lacks permissions that a registry needs, {NEEDED} on the keys of the namespace: {said}"
            )),
            _ if has_no_such_database(&text) => Self::Refused(format!(
                "it has no database with the number in {SETTING}: {said}"
            )),
            _ if is_replica(error) => Self::Away(format!(
                "it is a replica, which cannot be written; {SETTING} must name the primary: {said}"
            )),
            _ if says(error, "OOM") => Self::Away(format!(
                "its memory is full; raise its maxmemory, or let it evict other keys: {said}"
            )),
            _ if is_wrong_type(error) => {
                Self::Refused(format!("the registry's keys contain other data: {said}"))
            }
            _ => Self::Away(said),
        }
    }

    fn wrong_login(said: &str) -> Self {
        Self::Unauthenticated(format!(
            "the user or the password in {SETTING} is wrong: {said}"
        ))
    }

    /// The failure as a problem, with the address of Redis.
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

/// Whether the node rejects writes, because it is a replica.
pub(super) fn is_replica(error: &RedisError) -> bool {
    says(error, "READONLY")
}

/// Whether a key holds a different type than the command needs.
pub(super) fn is_wrong_type(error: &RedisError) -> bool {
    says(error, "WRONGTYPE")
}

/// Whether the user lacks a permission. For scripts and databases, only the text contains the reason:
/// that of Redis 6 and 7.0, of Redis 7.2 and later, and of the client.
fn forbids(error: &RedisError) -> bool {
    let text = error.to_string();
    says(error, "NOPERM")
        || text.contains("The user executing the script can't")
        || text.contains("ACL failure in script")
        || (text.contains("refused to switch database") && text.contains("no permissions"))
}

/// Matches only permanent reasons: a server with too many clients rejects a database temporarily.
fn has_no_such_database(text: &str) -> bool {
    let reasons = [
        "out of range",
        "invalid DB index",
        "not allowed in cluster mode",
    ];
    text.contains("refused to switch database") && reasons.iter().any(|it| text.contains(it))
}

/// Whether the error has this code. Before Redis 7, an error in a script is an `ERR` with the code in its
/// text.
fn says(error: &RedisError, code: &str) -> bool {
    let text = error.to_string();
    let mut words = text.split_whitespace();
    error.code() == Some(code)
        || (text.contains("Error running script")
            && words.any(|word| word.trim_start_matches('-') == code))
}

/// The error in one line.
fn said(error: &RedisError, secrets: &[String]) -> String {
    let text = error.to_string();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mask = |text: String, secret: &String| text.replace(secret.as_str(), "***");
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    secrets.fold(text, mask).chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The failure for this response of a server.
    fn failure(answer: &str) -> Failure {
        let answer = redis::parse_redis_value(format!("-{answer}\r\n").as_bytes());
        let error = answer.unwrap().extract_error().unwrap_err();
        Failure::of(&error, &[])
    }

    #[test]
    fn a_missing_right_is_refused_whatever_version_says_so() {
        for answer in [
            "NOPERM User app has no permissions to run the 'eval' command",
            // Redis 6 and 7.0.
            "ERR The user executing the script can't run this command or subcommand script: 0a1b, on \
             @user_script:9.",
            "ERR Error running script (call to f_0a1b): @user_script:9: The user executing the script \
             can't run this command or subcommand",
            // Redis 7.2 and later.
            "ERR ACL failure in script: User app has no permissions to run the 'zadd' command script: \
             0a1b, on @user_script:9.",
        ] {
            match failure(answer) {
                Failure::Refused(said) => assert!(said.contains("lacks permissions"), "{said}"),
                other => panic!("{answer}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_goes_wrong_in_a_script_is_told_apart_before_redis_7_too() {
        for (wrong, words) in [
            ("OOM command not allowed", "its memory is full"),
            ("READONLY You can't write", "it is a replica"),
            ("WRONGTYPE Operation against a key", "contain other data"),
        ] {
            let wrapped = format!(
                "ERR Error running script (call to f_0a1b): @user_script:9: @user_script: 9: -{wrong}"
            );
            for answer in [wrong, &wrapped] {
                let failure = failure(answer);
                let is_refused = matches!(failure, Failure::Refused(_));
                assert_eq!(is_refused, wrong.starts_with("WRONGTYPE"), "{failure:?}");
                assert!(format!("{failure:?}").contains(words), "{failure:?}");
            }
        }
    }

    #[test]
    fn a_database_is_refused_for_what_does_not_pass_by_itself() {
        let of = |detail: &str| {
            let kind = ServerErrorKind::ResponseError.into();
            let words = "Redis server refused to switch database";
            Failure::of(&RedisError::from((kind, words, detail.to_owned())), &[])
        };
        for detail in [
            "User app has no permissions to run the 'select' command",
            "DB index is out of range",
        ] {
            assert!(matches!(of(detail), Failure::Refused(_)), "{detail}");
        }
        let unknown = of("Authentication required.");
        assert!(matches!(unknown, Failure::Unauthenticated(_)));
        let full = of("max number of clients reached");
        assert!(matches!(full, Failure::Away(_)), "{full:?}");
    }
}
