//! A test that is two processes: itself, and itself again in another role.

use glassbox_config::Environment;
use glassbox_host::RedisUrl;
use std::process::{Child, Command, Stdio};

/// Set where a test runs again.
const VARIABLE: &str = "GLASSBOX_REDIS_TEST_AGAIN";

/// Whether this process is the one that was started again.
pub(crate) fn is_again() -> bool {
    Environment::from_process().get(VARIABLE).is_some()
}

/// This program, to run one test again, by its full name. What it needs to know is in its environment.
pub(crate) fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(VARIABLE, "1")
        .stdin(Stdio::null());
    command
}

/// What the process that was started again was told by this variable.
pub(crate) fn told(variable: &str) -> String {
    let environment = Environment::from_process();
    environment.get(variable).unwrap().to_owned()
}

/// Where Redis is, as it was told.
pub(crate) fn url() -> RedisUrl {
    RedisUrl::new(told("REDIS_URL"))
}

/// A process that ends with its test.
pub(crate) struct Ends(pub(crate) Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
