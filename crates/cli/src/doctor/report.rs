//! Everything that was found: as lines for a person, or as one JSON object.

use super::finding::{Finding, Hop, Mark};
use crate::style::Style;
use serde::Serialize;
use std::{process::ExitCode, time::Duration};

/// What the walk found, in the order of the way.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
    trace_id: Option<String>,
}

/// How it stands with the whole way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// What was sent has arrived.
    Well,
    /// A hop is broken.
    Broken,
    /// Nothing is seen to be broken, and not all could be looked at.
    Unknown,
}

/// The JSON form; its fields are a promise to scripts.
#[derive(Serialize)]
struct Object<'a> {
    verdict: Verdict,
    trace_id: Option<&'a str>,
    findings: &'a [Finding],
}

impl Report {
    /// Adds what was found.
    ///
    /// The same said twice, as of two ways to one collector, is said once.
    pub(super) fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
        // Stable: of one hop, what was found first is told first.
        self.findings.sort_by_key(|finding| finding.hop);
    }

    /// Whether a hop has been looked at.
    pub(super) fn has_looked_at(&self, hop: Hop) -> bool {
        self.findings.iter().any(|finding| finding.hop == hop)
    }

    /// Whether something was found that has this code.
    pub(super) fn has_found(&self, code: &str) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }

    /// Says which trace was sent.
    pub(super) fn sent(&mut self, trace_id: &str) {
        self.trace_id = Some(trace_id.to_owned());
    }

    /// Whether anything was found to be broken so far.
    pub(super) fn is_broken(&self) -> bool {
        self.has(Mark::Broken)
    }

    /// What all of it comes to.
    pub(super) fn verdict(&self) -> Verdict {
        match (self.is_broken(), self.has(Mark::Unknown)) {
            (true, _) => Verdict::Broken,
            (false, true) => Verdict::Unknown,
            (false, false) => Verdict::Well,
        }
    }

    fn has(&self, mark: Mark) -> bool {
        self.findings.iter().any(|finding| finding.mark == mark)
    }

    /// 0 all well, 1 something broken, 2 could not look.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.verdict() {
            Verdict::Well => 0,
            Verdict::Broken => 1,
            Verdict::Unknown => 2,
        })
    }

    /// One JSON object and a newline.
    pub(super) fn to_json(&self) -> String {
        let object = Object {
            verdict: self.verdict(),
            trace_id: self.trace_id.as_deref(),
            findings: &self.findings,
        };
        let mut text = serde_json::to_string(&object).expect("invariant: texts only");
        text.push('\n');
        text
    }

    /// One line for each thing, the hop named where it begins, and the verdict.
    pub(super) fn to_text(&self, style: Style, took: Duration) -> String {
        let mut text = String::new();
        let mut hop = None;
        for finding in &self.findings {
            let name = match hop.replace(finding.hop) {
                Some(before) if before == finding.hop => "",
                _ => finding.hop.as_str(),
            };
            text.push_str(&line(name, finding, style));
        }
        text.push_str(&format!("\n{}\n", style.strong(&self.sum(took))));
        text
    }

    fn sum(&self, took: Duration) -> String {
        let first = self.findings.iter().find(|f| f.mark == Mark::Broken);
        let first = first.map_or("", |finding| finding.hop.as_str());
        match (self.verdict(), self.count(Mark::Broken)) {
            (Verdict::Well, _) => format!(
                "all well: what was sent was found again, in {} ms for the whole walk",
                took.as_millis()
            ),
            (Verdict::Broken, 1) => format!("one thing is broken: {first}"),
            (Verdict::Broken, broken) => {
                format!("{broken} things are broken: mend the first, {first}, and look again")
            }
            (Verdict::Unknown, _) => {
                "nothing is seen to be broken; not all could be looked at".to_owned()
            }
        }
    }

    fn count(&self, mark: Mark) -> usize {
        let marked = |finding: &&Finding| finding.mark == mark;
        self.findings.iter().filter(marked).count()
    }
}

/// The columns before what was found.
const INDENT: usize = 15;

fn line(name: &str, finding: &Finding, style: Style) -> String {
    let width = style.width - INDENT;
    let told = wrapped(&finding.what, width)
        .into_iter()
        .map(|line| match finding.mark {
            Mark::Broken => style.error(&line),
            Mark::Unknown => style.dim(&line),
            Mark::Well | Mark::Note => line,
        });
    let mend = finding.mend.iter();
    let mend = mend.flat_map(|mend| wrapped(&format!("mend: {mend}"), width));
    let sign = sign(finding.mark).to_string();
    let sign = match finding.mark {
        Mark::Broken => style.error(&sign),
        _ => sign,
    };
    let mut text = format!("{name:<11}  {sign} ");
    for (n, line) in told.chain(mend).enumerate() {
        if n > 0 {
            text.push_str(&" ".repeat(INDENT));
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Lines that are not wider than that, as far as words can be parted.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("invariant: it begins with one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

const fn sign(mark: Mark) -> char {
    match mark {
        Mark::Well => '✓',
        Mark::Note => '!',
        Mark::Broken => '✗',
        Mark::Unknown => '?',
    }
}

/// What is not looked at, since what comes before it is broken.
pub(super) fn skipped(hops: impl IntoIterator<Item = Hop>) -> impl Iterator<Item = Finding> {
    hops.into_iter().map(|hop| {
        let why = match hop {
            Hop::Application => "not looked at: with these settings it sends nothing",
            _ => "not looked at: nothing gets this far",
        };
        Finding::unknown(hop, "not_looked_at", why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(findings: impl IntoIterator<Item = Finding>) -> Report {
        let mut report = Report::default();
        report.add(findings);
        report
    }

    #[test]
    fn what_is_broken_outweighs_what_is_unknown() {
        let well = || Finding::well(Hop::Port, "open");
        let unknown = || Finding::unknown(Hop::Backend, "no_backend", "none");
        let broken = || Finding::broken(Hop::Port, "refused", "nobody", "start one");
        assert_eq!(report([well()]).verdict(), Verdict::Well);
        assert_eq!(report([well(), unknown()]).verdict(), Verdict::Unknown);
        assert_eq!(report([unknown(), broken()]).verdict(), Verdict::Broken);
    }

    #[test]
    fn a_hop_is_named_once_and_what_is_broken_is_followed_by_its_cure() {
        let report = report([
            Finding::well(Hop::Settings, "one"),
            Finding::well(Hop::Settings, "two"),
            Finding::broken(Hop::Port, "refused", "nobody listens", "start somebody"),
        ]);
        let text = report.to_text(Style::plain(100), Duration::ZERO);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "settings     ✓ one");
        assert_eq!(lines[1], "             ✓ two");
        assert_eq!(lines[2], "port         ✗ nobody listens");
        assert_eq!(lines[3], "               mend: start somebody");
        assert_eq!(lines[5], "one thing is broken: port");
    }

    #[test]
    fn what_is_said_twice_is_told_once() {
        let open = || Finding::well(Hop::Port, "open");
        assert_eq!(report([open(), open()]).findings.len(), 1);
    }

    #[test]
    fn long_lines_go_on_under_what_was_found() {
        let what = "word ".repeat(20);
        let report = report([Finding::broken(Hop::Port, "refused", what, "mend it")]);
        let text = report.to_text(Style::plain(60), Duration::ZERO);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines.iter().all(|line| line.chars().count() <= 60),
            "{text}"
        );
        assert!(lines[1].starts_with("               word"), "{text}");
        assert!(
            lines[3].starts_with("               mend: mend it"),
            "{text}"
        );
    }
}
