//! Packages of Debian and Ubuntu.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use xtask::{
    outcome::CannotCheck,
    process::{self, Voice},
    workspace::Workspace,
};

use crate::machine::{answers, as_root, must};

/// A package, with a check for its contents that does not use the package manager.
struct Part {
    package: &'static str,
    present: fn(&System) -> bool,
    /// Whether only some releases have this package.
    is_split: bool,
}

impl Part {
    const fn new(package: &'static str, present: fn(&System) -> bool) -> Self {
        Self {
            package,
            present,
            is_split: false,
        }
    }
}

const PARTS: &[Part] = &[
    Part::new("build-essential", |system| {
        system.answers("cc", &["--version"])
    }),
    Part::new("ca-certificates", |system| {
        [
            "etc/ssl/certs/ca-certificates.crt",
            "etc/pki/tls/certs/ca-bundle.crt",
        ]
        .iter()
        .any(|file| system.has_file(file))
    }),
    // On Ubuntu, where this is a snap, the page is tested with any installed browser.
    Part::new("chromium", |system| {
        BROWSERS.iter().any(|browser| system.has_program(browser))
    }),
    Part::new("debootstrap", |system| system.has_program("debootstrap")),
    Part::new("docker.io", |system| {
        system.has_engine() || system.has_program("dockerd")
    }),
    // Part of docker.io until Debian 12.
    Part {
        is_split: true,
        ..Part::new("docker-cli", |system| {
            system.answers("docker", &["--version"])
        })
    },
    Part::new("git", |system| system.answers("git", &["--version"])),
    // The engine creates its networks with it.
    Part::new("iptables", |system| {
        system.has_engine() || system.has_program("iptables")
    }),
    // The C libraries for static binaries.
    Part::new("musl-tools", |system| {
        system.has_program(&format!("{}-linux-musl-gcc", std::env::consts::ARCH))
    }),
    Part::new("pkg-config", |system| {
        system.answers("pkg-config", &["--version"])
    }),
    Part::new("python3-venv", |system| {
        system.answers("python3", &["-c", "import ensurepip, venv"])
    }),
    Part::new(REDIS, |system| {
        system.answers("redis-server", &["--version"])
    }),
];

/// The names of browsers that the suite of the page looks for.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// The package also enables a service at boot, on a port that may be in use.
const REDIS: &str = "redis-server";

/// The script that Debian runs, if it exists, before it starts a service.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Denies every start. The suites start their own Redis, and we start the engine: without an init system, its package
/// can be installed only if it does not try to start it. The second line identifies the owner, so that a script left
/// behind by a killed run is not mistaken for the machine's own.
const START_NOTHING: &str =
    "#!/bin/sh\n# glassbox: start nothing while packages are installed\nexit 101\n";

/// Sets the policy, runs its arguments, and always removes the policy. One shell does all three, so that an
/// interrupted installation does not leave the policy behind. A policy of the machine's own is left alone.
const WITH_POLICY: &str = r#"
policy=$1 text=$2
shift 2
if [ ! -e "$policy" ] || [ "$(sed -n 2p "$policy")" = "$(printf %s "$text" | sed -n 2p)" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    printf %s "$text" > "$policy" && chmod 755 "$policy" || exit 1
fi
"$@"
"#;

/// How long to wait for the lock of another package manager, such as the automatic update of a new machine.
const LOCK_TIMEOUT: &str = "DPkg::Lock::Timeout=600";

/// Folders of programs that are not in every user's `PATH`.
const SBIN: &[&str] = &["usr/local/sbin", "usr/sbin", "sbin", "usr/bin"];

/// The machine to inspect: its root folder and the user's `PATH`.
struct System {
    root: PathBuf,
    path: Option<OsString>,
}

impl System {
    fn this() -> Self {
        Self {
            root: PathBuf::from("/"),
            path: std::env::var_os("PATH"),
        }
    }

    fn answers(&self, program: &str, arguments: &[&str]) -> bool {
        let mut command = Command::new(program);
        command.args(arguments);
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        process::run(&mut command, Voice::Silent).is_ok_and(|finished| finished.success)
    }

    /// Whether an engine answers, however it was installed and wherever it is.
    fn has_engine(&self) -> bool {
        self.answers("docker", &["info"])
    }

    fn has_file(&self, file: &str) -> bool {
        let size = std::fs::metadata(self.root.join(file)).map(|file| file.len());
        size.is_ok_and(|size| size > 0)
    }

    /// Whether a program exists on the `PATH` or in a system folder that a user's `PATH` may lack.
    fn has_program(&self, name: &str) -> bool {
        let path = self.path.clone().unwrap_or_default();
        let on_path = std::env::split_paths(&path).collect::<Vec<_>>();
        let sbin = SBIN.iter().map(|folder| self.root.join(folder));
        on_path
            .into_iter()
            .chain(sbin)
            .any(|folder| folder.join(name).is_file())
    }

    fn missing(&self) -> Vec<&'static Part> {
        PARTS.iter().filter(|part| !(part.present)(self)).collect()
    }
}

/// Installs what is missing, and returns the number of parts.
///
/// # Errors
///
/// Something is missing, and this is not Debian or its packages are unavailable.
pub(super) fn install(workspace: &Workspace) -> Result<usize, CannotCheck> {
    let missing = System::this().missing();
    if missing.is_empty() {
        return Ok(PARTS.len());
    }
    let names = |parts: &[&Part]| {
        let names: Vec<&str> = parts.iter().map(|part| part.package).collect();
        names.join(" ")
    };
    if !answers("apt-get", &["--version"]) {
        return Err(CannotCheck::new(format!(
            "this is no Debian or Ubuntu: install what these packages hold by hand: {}",
            names(&missing)
        )));
    }
    must(workspace, &mut apt_get(&["update"])?)?;
    let missing: Vec<&Part> = missing
        .into_iter()
        .filter(|part| !part.is_split || answers("apt-cache", &["show", part.package]))
        .collect();
    if missing.is_empty() {
        return Ok(PARTS.len());
    }
    workspace.say(&format!("setup: installing {}", names(&missing)));
    let has_redis = missing.iter().any(|part| part.package == REDIS);
    let mut install = with_policy(as_root("sh")?, Path::new(POLICY));
    install.args(APT_GET);
    install.args(["install", "-y", "--no-install-recommends"]);
    install.args(missing.iter().map(|part| part.package));
    let mut installed = must(workspace, &mut install);
    if has_redis && Path::new("/run/systemd/system").is_dir() {
        // Also disables it after a reboot, even if the installation failed after this package.
        let mut disable = as_root("systemctl")?;
        disable.args(["disable", "--quiet", "--now", REDIS]);
        // If there is no such service, the installation's own error is the reason.
        installed = installed.and(must(workspace, &mut disable));
    }
    installed?;
    Ok(PARTS.len())
}

/// The package manager, without questions.
const APT_GET: [&str; 6] = [
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "apt-get",
    "-q",
    "-o",
    LOCK_TIMEOUT,
];

fn apt_get(words: &[&str]) -> Result<Command, CannotCheck> {
    let mut command = as_root(APT_GET[0])?;
    command.args(&APT_GET[1..]).args(words);
    Ok(command)
}

/// Makes a shell run its arguments while no package can start a service.
fn with_policy(mut shell: Command, policy: &Path) -> Command {
    shell.args(["-c", WITH_POLICY, "sh"]);
    shell.arg(policy).arg(START_NOTHING);
    shell
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use tempfile::TempDir;

    /// A machine with only these programs, each of which exits with this status.
    fn machine(programs: &[(&str, i32)]) -> (TempDir, System) {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        for (name, status) in programs {
            let program = bin.join(name);
            std::fs::write(&program, format!("#!/bin/sh\nexit {status}\n")).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let system = System {
            root: home.path().to_owned(),
            path: Some(bin.into_os_string()),
        };
        (home, system)
    }

    fn missing(system: &System) -> Vec<&'static str> {
        let missing = system.missing().into_iter();
        missing.map(|part| part.package).collect()
    }

    #[test]
    fn a_bare_machine_misses_everything() {
        let (_home, system) = machine(&[]);
        assert_eq!(missing(&system).len(), PARTS.len());
    }

    #[test]
    fn what_answers_is_not_installed_again() {
        let (_home, system) = machine(&[("cc", 0), ("git", 0), ("redis-server", 0)]);
        let missing = missing(&system);
        for here in ["build-essential", "git", "redis-server"] {
            assert!(!missing.contains(&here), "{here}");
        }
        assert!(missing.contains(&"pkg-config"));
    }

    #[test]
    fn a_program_that_is_broken_is_missing() {
        let (_home, system) = machine(&[("python3", 1)]);
        assert!(missing(&system).contains(&"python3-venv"));
    }

    #[test]
    fn an_engine_that_answers_is_left_alone_wherever_it_is() {
        let (_home, system) = machine(&[("docker", 0)]);
        let missing = missing(&system);
        for package in ["docker.io", "docker-cli", "iptables"] {
            assert!(!missing.contains(&package), "{package}");
        }
    }

    #[test]
    fn a_client_without_an_engine_gets_one() {
        let (_home, system) = machine(&[("docker", 1)]);
        let missing = missing(&system);
        assert!(missing.contains(&"docker.io") && missing.contains(&"iptables"));
    }

    #[test]
    fn programs_of_root_are_found_beside_the_path_of_a_user() {
        let (home, system) = machine(&[]);
        assert!(!system.has_program("debootstrap"));
        let sbin = home.path().join("usr/sbin");
        std::fs::create_dir_all(&sbin).unwrap();
        std::fs::write(sbin.join("debootstrap"), "").unwrap();
        assert!(system.has_program("debootstrap"));
    }

    #[test]
    fn certificates_that_are_an_empty_file_are_missing() {
        let (home, system) = machine(&[]);
        let folder = home.path().join("etc/ssl/certs");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("ca-certificates.crt");
        std::fs::write(&file, "").unwrap();
        assert!(missing(&system).contains(&"ca-certificates"));
        std::fs::write(&file, "x").unwrap();
        assert!(!missing(&system).contains(&"ca-certificates"));
    }

    #[test]
    fn the_policy_lets_no_package_start_its_service() {
        let mut shell = Command::new("sh");
        shell.args(["-c", START_NOTHING, "policy-rc.d", "docker", "start"]);
        assert_eq!(shell.status().unwrap().code(), Some(101));
    }

    /// Runs a command with the policy in a temporary folder, and returns the policy that remains.
    fn run_with_policy(before: Option<&str>, script: &str) -> (bool, Option<String>) {
        let home = tempfile::tempdir().unwrap();
        let policy = home.path().join("policy-rc.d");
        if let Some(text) = before {
            std::fs::write(&policy, text).unwrap();
        }
        // A shell cannot trap a signal that was ignored at its start, like SIGINT in a background job.
        let mut shell = Command::new("env");
        shell.args(["--default-signal", "sh"]);
        let mut shell = with_policy(shell, &policy);
        shell.args(["sh", "-c", script]).arg(&policy);
        let success = shell.status().unwrap().success();
        (success, std::fs::read_to_string(&policy).ok())
    }

    #[test]
    fn the_policy_is_there_during_the_installation_and_gone_after_it_however_it_ends() {
        assert_eq!(run_with_policy(None, r#"test -x "$0""#), (true, None));
        assert_eq!(run_with_policy(None, "exit 100"), (false, None));
        for signal in ["INT", "TERM", "HUP"] {
            let script = format!("kill -{signal} $PPID");
            assert_eq!(run_with_policy(None, &script), (false, None), "{signal}");
        }
    }

    #[test]
    fn a_policy_that_a_killed_run_left_is_removed_and_the_machines_own_is_not() {
        assert_eq!(run_with_policy(Some(START_NOTHING), "true"), (true, None));
        let own = "#!/bin/sh\nexit 101\n";
        let kept = (true, Some(own.to_owned()));
        assert_eq!(run_with_policy(Some(own), "true"), kept);
    }
}
