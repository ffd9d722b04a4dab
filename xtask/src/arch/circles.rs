//! Circular dependencies among the files of a crate.
//!
//! Only a module and its descendants may form one, because they are read together. The files of every other circle
//! cannot be understood, tested or moved without each other.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    path::Path,
};

use super::modules::{Edge, Modules};
use crate::{
    metadata::Package,
    outcome::{CannotCheck, Report},
};

/// Checks the library and the programs of every package.
pub(crate) fn check(root: &Path, packages: &[Package]) -> Result<Report, CannotCheck> {
    let mut violations = Vec::new();
    let mut count = 0;
    for package in packages {
        for target in package.roots() {
            let modules = Modules::read(target)?;
            let edges = modules.edges();
            count += edges.len();
            let circles = Circle::all(root, &modules, &edges);
            violations.extend(circles.iter().map(ToString::to_string));
        }
    }
    Report::new(count, "uses among files", violations)
}

/// Files that use each other, each with the line that uses the next one.
struct Circle(Vec<(String, Edge)>);

impl Circle {
    /// One circle of each group of files that use each other.
    fn all(root: &Path, modules: &Modules, edges: &BTreeSet<Edge>) -> Vec<Self> {
        let files = modules
            .files()
            .map(|file| file.strip_prefix(root).unwrap_or(file));
        let files: Vec<String> = files.map(|file| file.display().to_string()).collect();
        let circles = Graph::new(edges).circles(&|one, other| modules.is_ancestor(one, other));
        let named = circles.into_iter().map(|circle| {
            let named = circle
                .into_iter()
                .map(|edge| (files[edge.from].clone(), edge));
            Self(named.collect())
        });
        named.collect()
    }
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a circle of {} files", self.0.len())?;
        for (index, (file, edge)) in self.0.iter().enumerate() {
            let separator = if index == 0 { ": " } else { ", " };
            let Edge { line, path, .. } = edge;
            write!(f, "{separator}{file}:{line} uses `{path}`")?;
        }
        Ok(())
    }
}

/// The dependencies between files.
#[derive(Default)]
struct Graph<'a> {
    /// By using file and used file: the first line with the use.
    edges: BTreeMap<usize, BTreeMap<usize, &'a Edge>>,
}

impl<'a> Graph<'a> {
    fn new(edges: &'a BTreeSet<Edge>) -> Self {
        let mut graph = Self::default();
        for edge in edges {
            let to = graph.edges.entry(edge.from).or_default();
            to.entry(edge.to).or_insert(edge);
        }
        graph
    }

    /// One circle of each group of files that use each other and are not a module with its descendants.
    fn circles(&self, is_ancestor: &impl Fn(usize, usize) -> bool) -> Vec<Vec<Edge>> {
        let files: BTreeSet<usize> = self.edges.keys().copied().collect();
        let mut groups = self.groups(&files);
        let mut circles = Vec::new();
        while let Some(mut group) = groups.pop() {
            let above = |file: &usize| {
                group
                    .iter()
                    .all(|other| file == other || is_ancestor(*file, *other))
            };
            match group.iter().copied().find(|file| above(file)) {
                // Circles through this module are between it and its descendants. The rest may form another circle.
                Some(file) => {
                    group.remove(&file);
                    groups.extend(self.groups(&group));
                }
                None => circles.push(self.shortest(&group, is_ancestor)),
            }
        }
        circles.sort();
        circles
    }

    /// The files that reach each other within `files`, two or more.
    fn groups(&self, files: &BTreeSet<usize>) -> Vec<BTreeSet<usize>> {
        let reached: BTreeMap<usize, BTreeSet<usize>> = files
            .iter()
            .map(|file| (*file, self.reached(*file, files)))
            .collect();
        let mut left = files.clone();
        let mut groups = Vec::new();
        while let Some(file) = left.pop_first() {
            let mut group: BTreeSet<usize> = reached[&file]
                .iter()
                .copied()
                .filter(|other| reached.get(other).is_some_and(|back| back.contains(&file)))
                .collect();
            group.insert(file);
            left.retain(|other| !group.contains(other));
            if group.len() > 1 {
                groups.push(group);
            }
        }
        groups
    }

    fn reached(&self, file: usize, files: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut next = vec![file];
        while let Some(file) = next.pop() {
            let used = self.edges.get(&file).into_iter().flat_map(BTreeMap::keys);
            next.extend(used.filter(|to| files.contains(to) && reached.insert(**to)));
        }
        reached
    }

    /// The shortest circle in a group that is more than a module with its descendants.
    fn shortest(
        &self,
        group: &BTreeSet<usize>,
        is_ancestor: &impl Fn(usize, usize) -> bool,
    ) -> Vec<Edge> {
        let edges = group.iter().flat_map(|file| self.edges.get(file)).flatten();
        let circles = edges.filter_map(|(to, edge)| {
            let mut circle = self.way(*to, edge.from, group)?;
            circle.insert(0, (*edge).clone());
            Some(circle)
        });
        let has_head = |circle: &[Edge]| {
            circle.iter().any(|one| {
                let mut others = circle.iter().filter(|other| other.from != one.from);
                others.all(|other| is_ancestor(one.from, other.from))
            })
        };
        let shortest = circles.min_by_key(|circle| (has_head(circle), circle.len()));
        shortest.unwrap_or_default()
    }

    /// The shortest path from one file to another within `files`.
    fn way(&self, from: usize, to: usize, files: &BTreeSet<usize>) -> Option<Vec<Edge>> {
        let mut ways = VecDeque::from([(from, Vec::new())]);
        let mut seen = BTreeSet::from([from]);
        while let Some((file, way)) = ways.pop_front() {
            if file == to {
                return Some(way);
            }
            for (next, edge) in self.edges.get(&file).into_iter().flatten() {
                if files.contains(next) && seen.insert(*next) {
                    let mut longer = way.clone();
                    longer.push((*edge).clone());
                    ways.push_back((*next, longer));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The circles of a library with these files below `src`.
    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let home = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let file = home.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let modules = Modules::read(&home.path().join("lib.rs")).unwrap();
        let circles = Circle::all(home.path(), &modules, &modules.edges());
        circles.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn siblings_that_use_each_other_are_a_circle_and_their_lines_are_named() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "\nuse crate::b::B; pub struct A;"),
            ("b.rs", "pub struct B(super::a::A);"),
        ]);
        assert_eq!(
            found,
            ["a circle of 2 files: a.rs:2 uses `crate::b::B`, b.rs:1 uses `super::a::A`"]
        );
    }

    #[test]
    fn a_module_and_those_below_it_may_use_each_other() {
        let files = [
            ("lib.rs", "mod a; pub use a::A;"),
            (
                "a.rs",
                "mod b; mod c; use b::B; pub use c::C; pub struct A(B, C);",
            ),
            (
                "a/b.rs",
                "mod d; use super::C; pub struct B(crate::A, d::D);",
            ),
            ("a/b/d.rs", "pub struct D(super::super::A);"),
            ("a/c.rs", "use super::A; pub struct C(A);"),
        ];
        assert_eq!(circles(&files), [""; 0]);
    }

    #[test]
    fn modules_below_another_one_may_not_use_each_other() {
        let found = circles(&[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b; mod c; use b::B; pub struct A(B);"),
            ("a/b.rs", "use super::{A, c::C}; pub struct B(A, C);"),
            ("a/c.rs", "pub struct C(super::b::B);"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("a/b.rs:1") && found[0].contains("a/c.rs:1"),
            "{found:?}"
        );
    }

    #[test]
    fn a_circle_by_way_of_a_re_export_is_found() {
        let found = circles(&[
            ("lib.rs", "mod a; mod c; pub use a::B;"),
            (
                "a.rs",
                "mod b; pub use b::B; use crate::c::C; pub struct A(C);",
            ),
            ("a/b.rs", "pub struct B;"),
            ("c.rs", "use crate::a::B; pub struct C(B);"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        // Through the root, which is above all of them, nothing of `a` is used except its re-exports.
        let found = circles(&[
            ("lib.rs", "mod a; mod b; mod c; pub use {a::A, b::B};"),
            ("a.rs", "use crate::B; use crate::c::C; pub struct A(B, C);"),
            ("b.rs", "pub struct B;"),
            ("c.rs", "use crate::B; pub struct C(B);"),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_circle_of_macros_paths_and_everything_at_once_is_found() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            (
                "a.rs",
                "#[macro_export] macro_rules! m { () => { $crate::b::f() } }",
            ),
            ("b.rs", "use super::c::*; pub fn f() -> C { C }"),
            ("c.rs", "pub struct C; fn g() { crate::m!() }"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("a circle of 3 files"), "{found:?}");
    }

    #[test]
    fn what_only_tests_use_closes_no_circle() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "use crate::b::B; pub struct A(B); #[cfg(test)] mod tests;",
            ),
            ("a/tests.rs", "use super::A;"),
            (
                "b.rs",
                "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }",
            ),
        ];
        assert_eq!(circles(&files), [""; 0]);
    }
}
