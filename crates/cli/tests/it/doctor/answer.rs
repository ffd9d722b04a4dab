//! The object printed by the doctor, and assertions about it.

use serde_json::Value;
use std::process::Output;

/// The result of a doctor run.
#[derive(Debug)]
pub(super) struct Answer {
    object: Value,
}

/// The hops, in their order.
pub(super) const WAY: [&str; 6] = [
    "application",
    "settings",
    "port",
    "collector",
    "backend",
    "arrivals",
];

/// One finding.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) hop: String,
    pub(super) mark: String,
    pub(super) what: String,
    pub(super) fix: String,
}

impl Answer {
    /// Parses the output; the exit status must match the verdict.
    #[track_caller]
    pub(super) fn read(output: &Output) -> Self {
        let printed = std::str::from_utf8(&output.stdout).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(printed.lines().count(), 1, "one object: {printed}\n{said}");
        let object: Value = serde_json::from_str(printed).unwrap();
        let status = match object["verdict"].as_str() {
            Some("well") => 0,
            Some("broken") => 1,
            Some("unknown") => 2,
            other => panic!("{other:?} is no verdict"),
        };
        assert_eq!(output.status.code(), Some(status), "{object:#}");
        let answer = Self { object };
        answer.check();
        answer
    }

    /// Checks what every report must satisfy: the order of the hops, and a fix for everything broken.
    #[track_caller]
    fn check(&self) {
        let mut last = 0;
        for found in self.findings() {
            let at = WAY.iter().position(|hop| found["hop"] == *hop).unwrap();
            assert!(at >= last, "{:#}", self.object);
            last = at;
            if found["mark"] == "broken" {
                assert!(found["fix"].is_string(), "{:#}", self.object);
            }
        }
    }

    fn findings(&self) -> &[Value] {
        self.object["findings"].as_array().unwrap()
    }

    pub(super) fn verdict(&self) -> &str {
        self.object["verdict"].as_str().unwrap()
    }

    pub(super) fn trace_id(&self) -> Option<&str> {
        self.object["trace_id"].as_str()
    }

    /// The only finding with this code.
    #[track_caller]
    pub(super) fn found(&self, code: &str) -> Found {
        let mut with_code = self.findings().iter().filter(|found| found["code"] == code);
        let Some(found) = with_code.next() else {
            panic!("no {code} in {:#}", self.object);
        };
        assert!(
            with_code.next().is_none(),
            "{code} twice: {:#}",
            self.object
        );
        let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        Found {
            hop: text("hop"),
            mark: text("mark"),
            what: text("what"),
            fix: text("fix"),
        }
    }

    /// The only broken finding: with this code, at this hop.
    #[track_caller]
    pub(super) fn broken(&self, hop: &str, code: &str) -> Found {
        let found = self.found(code);
        assert_eq!(
            (found.mark.as_str(), found.hop.as_str()),
            ("broken", hop),
            "{:#}",
            self.object
        );
        let broken = self.findings().iter().filter(|it| it["mark"] == "broken");
        assert_eq!(broken.count(), 1, "{:#}", self.object);
        assert_eq!(self.verdict(), "broken");
        found
    }

    /// Whether there is such a finding.
    pub(super) fn has(&self, code: &str) -> bool {
        self.findings().iter().any(|found| found["code"] == code)
    }

    /// The marks of one hop.
    pub(super) fn marks(&self, hop: &str) -> Vec<&str> {
        let of_hop = self.findings().iter().filter(|found| found["hop"] == hop);
        of_hop
            .map(|found| found["mark"].as_str().unwrap())
            .collect()
    }
}

impl Found {
    /// Asserts that the words occur in the problem and in the fix.
    #[track_caller]
    pub(super) fn says(self, what: &str, fix: &str) -> Self {
        assert!(self.what.contains(what), "no '{what}': {self:?}");
        assert!(self.fix.contains(fix), "no '{fix}': {self:?}");
        self
    }
}
