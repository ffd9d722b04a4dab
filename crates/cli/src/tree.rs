//! Draws a trace as a tree.

use crate::{backend::Span, elapsed::elapsed, excerpt, style::Style};
use std::collections::{HashMap, HashSet};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Maximum width of a bar.
const BAR: usize = 32;
/// The narrowest useful bar.
const SHORT_BAR: usize = 8;
/// Maximum width of a name with its branch.
const NAME: usize = 48;
/// Maximum width of a service or of tokens.
const FACT: usize = 24;
/// The width of a duration.
const DURATION: usize = 8;
/// The space between two columns.
const GAP: usize = 2;

/// The widths of the columns; a column without width is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    name: usize,
    fact: usize,
    bar: usize,
}

impl Columns {
    /// Columns for names and facts of these widths. If they do not fit into `width`, they are shortened
    /// or dropped in this order: the bar, the service, the end of the name.
    fn within(width: usize, names: usize, facts: usize) -> Self {
        let (name, fact) = (names.min(NAME), facts.min(FACT));
        let left = |used: usize| width.saturating_sub(used + GAP + DURATION);
        let beside = |column: usize| if column == 0 { 0 } else { column + GAP };
        let bar = left(name + beside(fact)).saturating_sub(GAP).min(BAR);
        if bar >= SHORT_BAR {
            return Self { name, fact, bar };
        }
        let fact = match left(name) >= beside(fact) {
            true => fact,
            false => 0,
        };
        let name = name.min(left(beside(fact)).max(1));
        Self { name, fact, bar: 0 }
    }
}

/// Draws all spans: branch and name, service or tokens, duration, and a time bar.
pub(crate) fn draw(spans: &[Span], style: Style) -> String {
    let rows = rows(spans);
    let start = spans.iter().map(|span| span.start_unix_nano).min();
    let end = spans.iter().map(|span| span.end_unix_nano).max();
    let (start, end) = (start.unwrap_or(0), end.unwrap_or(0));
    let names: Vec<String> = rows.iter().map(Row::name).collect();
    let facts: Vec<String> = rows.iter().map(Row::fact).collect();
    let widest = |texts: &[String]| texts.iter().map(|text| text.width()).max().unwrap_or(0);
    let columns = Columns::within(style.width, widest(&names), widest(&facts));

    let mut out = String::new();
    for ((row, name), fact) in rows.iter().zip(&names).zip(&facts) {
        let name = fit(name, columns.name);
        let mut line = match row.span.is_error() {
            true => style.error(&name),
            false => name,
        };
        if columns.fact > 0 {
            line.push_str(&format!("  {}", style.dim(&fit(fact, columns.fact))));
        }
        let nanos = row
            .span
            .end_unix_nano
            .saturating_sub(row.span.start_unix_nano);
        line.push_str(&format!("  {:>DURATION$}", elapsed(nanos)));
        if columns.bar > 0 {
            line.push_str(&format!(
                "  {}",
                span_bar(row.span, start, end, columns.bar)
            ));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

struct Row<'a> {
    span: &'a Span,
    branch: String,
    /// Whether the service differs from the parent's.
    enters_service: bool,
}

impl Row<'_> {
    fn name(&self) -> String {
        let cross = match (self.span.is_error(), self.span.text("error.type")) {
            (true, Some(kind)) => format!(" ✗ {kind}"),
            (true, None) => " ✗".to_owned(),
            (false, _) => String::new(),
        };
        let name = excerpt::start(&self.span.name, NAME);
        format!("{}{name}{cross}", self.branch)
    }

    fn fact(&self) -> String {
        let tokens = |kind: &str| self.span.number(&format!("gen_ai.usage.{kind}_tokens"));
        match (tokens("input"), tokens("output")) {
            (Some(input), Some(output)) if self.span.operation() == Some("chat") => {
                format!("{input}→{output} tok")
            }
            _ if self.enters_service => self.span.service.clone(),
            _ => String::new(),
        }
    }
}

/// All spans in depth-first order, children by start time. A span with an unknown parent is a root.
/// Every span is shown exactly once, even if parents form a cycle.
fn rows(spans: &[Span]) -> Vec<Row<'_>> {
    let known: HashSet<&str> = spans.iter().map(|span| span.span_id.as_str()).collect();
    let mut children: HashMap<Option<&str>, Vec<&Span>> = HashMap::new();
    for span in spans {
        let parent = span.parent_span_id.as_deref();
        let parent = parent.filter(|parent| known.contains(parent));
        children.entry(parent).or_default().push(span);
    }
    for siblings in children.values_mut() {
        siblings.sort_by_key(|span| span.start_unix_nano);
    }
    let mut rows = Vec::with_capacity(spans.len());
    let mut shown = HashSet::new();
    let tops = children.get(&None).cloned().unwrap_or_default();
    // Spans of a cycle have no root: each one not yet shown starts a tree.
    for top in tops.into_iter().chain(spans) {
        walk(top, None, "", "", &children, &mut shown, &mut rows);
    }
    rows
}

fn walk<'a>(
    span: &'a Span,
    parent: Option<&'a Span>,
    branch: &str,
    below: &str,
    children: &HashMap<Option<&str>, Vec<&'a Span>>,
    shown: &mut HashSet<&'a str>,
    rows: &mut Vec<Row<'a>>,
) {
    if !shown.insert(&span.span_id) {
        return;
    }
    rows.push(Row {
        span,
        branch: branch.to_owned(),
        enters_service: parent.is_none_or(|parent| parent.service != span.service),
    });
    let Some(children_here) = children.get(&Some(span.span_id.as_str())) else {
        return;
    };
    for (at, child) in children_here.iter().enumerate() {
        let (turn, line) = match at + 1 == children_here.len() {
            true => ("└ ", "  "),
            false => ("├ ", "│ "),
        };
        let (branch, deeper) = (format!("{below}{turn}"), format!("{below}{line}"));
        walk(child, Some(span), &branch, &deeper, children, shown, rows);
    }
}

/// The time of the span as a bar within `width` columns.
fn span_bar(span: &Span, start: u64, end: u64, width: usize) -> String {
    let whole = u128::from(end.saturating_sub(start)).max(1);
    let column = |at: u64| {
        let at = u128::from(at.saturating_sub(start)) * width as u128 / whole;
        usize::try_from(at).unwrap_or(width).min(width)
    };
    let from = column(span.start_unix_nano).min(width.saturating_sub(1));
    let to = column(span.end_unix_nano);
    let mut bar = " ".repeat(from);
    bar.push_str(&"━".repeat(to.saturating_sub(from + 1)));
    bar.push('╸');
    bar
}

/// Pads or truncates `text` to `width` columns.
fn fit(text: &str, width: usize) -> String {
    let whole = text.width();
    if whole <= width {
        return format!("{text}{}", " ".repeat(width - whole));
    }
    let mut fitted = String::new();
    let mut used = 0;
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        fitted.push(character);
        used += wide;
    }
    format!("{fitted}…{}", " ".repeat(width.saturating_sub(used + 1)))
}

#[cfg(test)]
mod tests;
