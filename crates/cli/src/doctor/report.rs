//! The report: all findings as text, or as one JSON object.

use super::finding::{Finding, Hop, Mark};
use crate::style::Style;
use serde::Serialize;
use std::{process::ExitCode, time::Duration};

/// The findings in the order of the hops.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
    trace_id: Option<String>,
}

/// The overall result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// All checks passed.
    Well,
    /// A hop is broken.
    Broken,
    /// Nothing is known to be broken, but some checks could not run.
    Unknown,
}

/// The JSON form. Scripts rely on its fields.
#[derive(Serialize)]
struct Object<'a> {
    verdict: Verdict,
    trace_id: Option<&'a str>,
    findings: &'a [Finding],
}

impl Report {
    /// Adds findings.
    ///
    /// Identical findings, such as for two targets at one collector, are reported once.
    pub(super) fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
        // The sort is stable: findings of one hop keep their order.
        self.findings.sort_by_key(|finding| finding.hop);
    }

    /// Whether a hop has a finding.
    pub(super) fn has_looked_at(&self, hop: Hop) -> bool {
        self.findings.iter().any(|finding| finding.hop == hop)
    }

    /// Whether there is a finding with this code.
    pub(super) fn has_found(&self, code: &str) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }

    /// Sets the id of the test trace.
    pub(super) fn sent(&mut self, trace_id: &str) {
        self.trace_id = Some(trace_id.to_owned());
    }

    /// Whether anything is broken so far.
    pub(super) fn is_broken(&self) -> bool {
        self.has(Mark::Broken)
    }

    /// The overall result.
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

    /// 0: all checks passed, 1: something is broken, 2: some checks could not run.
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

    /// One entry per finding, with each hop named once, and the verdict.
    ///
    /// If `is_quiet`, findings of hops that work are left out.
    pub(super) fn to_text(&self, style: Style, took: Duration, is_quiet: bool) -> String {
        let mut text = String::new();
        let mut hop = None;
        let is_shown = |finding: &&Finding| !is_quiet || finding.mark != Mark::Well;
        for finding in self.findings.iter().filter(is_shown) {
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
                "all checks passed in {} ms: the test data arrived",
                took.as_millis()
            ),
            (Verdict::Broken, 1) => format!("1 problem: {first}"),
            (Verdict::Broken, broken) => {
                format!("{broken} problems: fix the first, {first}, and run the doctor again")
            }
            (Verdict::Unknown, _) => {
                "nothing is known to be broken, but some checks could not run".to_owned()
            }
        }
    }

    fn count(&self, mark: Mark) -> usize {
        let marked = |finding: &&Finding| finding.mark == mark;
        self.findings.iter().filter(marked).count()
    }
}

/// Indentation of the text of a finding.
const INDENT: usize = 15;

fn line(name: &str, finding: &Finding, style: Style) -> String {
    let width = style.width.saturating_sub(INDENT).max(20);
    let told = wrapped(&finding.what, width)
        .into_iter()
        .map(|line| match finding.mark {
            Mark::Broken => style.error(&line),
            Mark::Unknown => style.dim(&line),
            Mark::Well | Mark::Note => line,
        });
    let fix = finding.fix.iter();
    let fix = fix.flat_map(|fix| wrapped(&format!("fix: {fix}"), width));
    let sign = sign(finding.mark).to_string();
    let sign = match finding.mark {
        Mark::Broken => style.error(&sign),
        _ => sign,
    };
    let mut text = format!("{name:<11}  {sign} ");
    for (n, line) in told.chain(fix).enumerate() {
        if n > 0 {
            text.push_str(&" ".repeat(INDENT));
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Wraps text to `width` columns. Longer words are not broken.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines
            .last_mut()
            .expect("invariant: there is at least one line");
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

/// Findings for hops that were not checked, because an earlier hop is broken.
pub(super) fn skipped(hops: impl IntoIterator<Item = Hop>) -> impl Iterator<Item = Finding> {
    hops.into_iter().map(|hop| {
        let why = match hop {
            Hop::Application => "not checked: with these settings the application sends nothing",
            _ => "not checked: an earlier hop is broken",
        };
        Finding::unknown(hop, "not_checked", why)
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
        let text = report.to_text(Style::plain(100), Duration::ZERO, false);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "settings     ✓ one");
        assert_eq!(lines[1], "             ✓ two");
        assert_eq!(lines[2], "port         ✗ nobody listens");
        assert_eq!(lines[3], "               fix: start somebody");
        assert_eq!(lines[5], "1 problem: port");
    }

    #[test]
    fn what_is_said_twice_is_told_once() {
        let open = || Finding::well(Hop::Port, "open");
        assert_eq!(report([open(), open()]).findings.len(), 1);
    }

    #[test]
    fn long_lines_go_on_under_what_was_found() {
        let what = "word ".repeat(20);
        let report = report([Finding::broken(Hop::Port, "refused", what, "fix it")]);
        let text = report.to_text(Style::plain(60), Duration::ZERO, false);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines.iter().all(|line| line.chars().count() <= 60),
            "{text}"
        );
        assert!(lines[1].starts_with("               word"), "{text}");
        assert!(lines[3].starts_with("               fix: fix it"), "{text}");
    }
}
