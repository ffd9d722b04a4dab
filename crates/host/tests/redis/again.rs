//! Tests of two processes: the test itself, and the test again in another role.

use glassbox_config::Environment;
use glassbox_host::RedisUrl;
use std::process::{Child, Command, Stdio};

/// Set if the test runs as the second process.
const VARIABLE: &str = "GLASSBOX_REDIS_TEST_AGAIN";

/// Whether this is the second process.
pub(crate) fn is_again() -> bool {
    Environment::from_process().get(VARIABLE).is_some()
}

/// A command that runs one test of this program again, by its full name. The environment passes its
/// parameters.
pub(crate) fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(VARIABLE, "1")
        .stdin(Stdio::null());
    command
}

/// The value of this variable, set by the first process.
pub(crate) fn told(variable: &str) -> String {
    let environment = Environment::from_process();
    environment.get(variable).unwrap().to_owned()
}

/// The URL of Redis, set by the first process.
pub(crate) fn url() -> RedisUrl {
    RedisUrl::new(told("REDIS_URL"))
}

/// A process that is killed when its test ends.
pub(crate) struct Ends(pub(crate) Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
