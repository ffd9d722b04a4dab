//! The modules of a crate, and the dependencies between their files.
//!
//! A path is followed through re-exports to the module that defines its item, so that a `lib.rs` which only re-exports
//! depends on nothing. Names that macros generate are not seen.

mod outline;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use outline::{Child, Mention, Outline};

use crate::{metadata::read, outcome::CannotCheck, tokens::tokens};

/// Maximum number of imports that are followed. A name that is not found by then is an import of itself.
const DEPTH: usize = 16;

/// The modules of one library or program; the first is its root.
#[derive(Debug, Default)]
pub(super) struct Modules {
    all: Vec<Module>,
    /// The file of each module that has its own, with the module.
    files: Vec<(PathBuf, usize)>,
    /// Macros that are exported at the root, wherever they are defined.
    exported: BTreeMap<String, usize>,
}

/// One module, in a file of its own or within one.
#[derive(Debug)]
struct Module {
    /// The index of its file.
    file: usize,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    outline: Outline,
}

/// One file uses an item that another file defines; both are indices of files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) line: usize,
    /// The path as it is written, without braces.
    pub(super) path: String,
}

/// The target of a path.
enum Found {
    Module(usize),
    /// An item that this module defines.
    Item(usize),
}

impl Modules {
    /// Reads the modules below `root`, a `lib.rs` or `main.rs`.
    pub(super) fn read(root: &Path) -> Result<Self, CannotCheck> {
        let mut modules = Self::default();
        let folder = root.parent().unwrap_or(Path::new(""));
        modules.file(root, folder, None)?;
        Ok(modules)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(file, _)| file.as_path())
    }

    /// Whether the module of the file `one` is an ancestor of that of the file `other`.
    pub(super) fn is_ancestor(&self, one: usize, other: usize) -> bool {
        self.is_above(self.files[one].1, self.files[other].1)
    }

    fn is_above(&self, one: usize, mut module: usize) -> bool {
        while let Some(parent) = self.all[module].parent {
            if parent == one {
                return true;
            }
            module = parent;
        }
        false
    }

    /// Every use of one file by another.
    pub(super) fn edges(&self) -> BTreeSet<Edge> {
        let mut edges = BTreeSet::new();
        for (index, module) in self.all.iter().enumerate() {
            let outline = &module.outline;
            let imports = outline.imports.iter().filter(|it| outline.uses(it));
            let imports = imports.map(|import| (&import.mention, import.name.is_none()));
            let mentions = outline.mentions.iter().map(|mention| (mention, false));
            for (mention, is_glob) in imports.chain(mentions) {
                for target in self.used(index, mention, is_glob) {
                    let (from, to) = (module.file, self.all[target].file);
                    if from != to {
                        edges.insert(Edge {
                            from,
                            to,
                            line: mention.line,
                            path: mention.path.join("::"),
                        });
                    }
                }
            }
        }
        edges
    }

    /// The modules that a path in the module `index` uses: the one that defines the item, and those that re-export it.
    /// Modules above that the path passes through are not used.
    fn used(&self, index: usize, mention: &Mention, is_glob: bool) -> Vec<usize> {
        let mut passed = Vec::new();
        let last = match self.resolve(index, &mention.path, DEPTH, &mut passed) {
            Some(Found::Item(target)) => target,
            Some(Found::Module(target)) if is_glob => target,
            // Naming a module does not use anything in it yet.
            _ => return Vec::new(),
        };
        passed.retain(|module| !self.is_above(*module, index));
        passed.push(last);
        passed
    }

    /// Reads the file of one module, and those of the modules below it from `folder`.
    fn file(
        &mut self,
        file: &Path,
        folder: &Path,
        parent: Option<usize>,
    ) -> Result<usize, CannotCheck> {
        let outline = Outline::read(&tokens(&read(file)?));
        let place = self.files.len();
        self.files.push((file.to_owned(), self.all.len()));
        self.module(outline, place, folder, parent)
    }

    fn module(
        &mut self,
        mut outline: Outline,
        file: usize,
        folder: &Path,
        parent: Option<usize>,
    ) -> Result<usize, CannotCheck> {
        let index = self.all.len();
        let children = std::mem::take(&mut outline.children);
        let exported = std::mem::take(&mut outline.exported);
        self.exported
            .extend(exported.into_iter().map(|name| (name, index)));
        self.all.push(Module {
            file,
            parent,
            children: BTreeMap::new(),
            outline,
        });
        for Child { name, body } in children {
            let below = folder.join(&name);
            let child = match body {
                Some(body) => self.module(body, file, &below, Some(index))?,
                None => {
                    let beside = folder.join(format!("{name}.rs"));
                    let inside = below.join("mod.rs");
                    let file = if inside.is_file() { inside } else { beside };
                    self.file(&file, &below, Some(index))?
                }
            };
            self.all[index].children.insert(name, child);
        }
        Ok(index)
    }

    /// The target of a path in a module; `None` if it is outside of this crate.
    fn resolve(
        &self,
        module: usize,
        path: &[String],
        depth: usize,
        passed: &mut Vec<usize>,
    ) -> Option<Found> {
        let depth = depth.checked_sub(1)?;
        let mut segments = path.iter();
        let mut found = match segments.next()?.as_str() {
            "crate" => Found::Module(0),
            "self" => Found::Module(module),
            "super" => Found::Module(self.all[module].parent?),
            name => self.named(module, name, depth, passed)?,
        };
        for segment in segments {
            let Found::Module(module) = found else { break };
            passed.push(module);
            found = match segment.as_str() {
                "super" => Found::Module(self.all[module].parent?),
                name => self
                    .named(module, name, depth, passed)
                    .unwrap_or(Found::Item(module)),
            };
        }
        Some(found)
    }

    /// The target of a name in a module, if the name is defined or imported there.
    fn named(
        &self,
        index: usize,
        name: &str,
        depth: usize,
        passed: &mut Vec<usize>,
    ) -> Option<Found> {
        let depth = depth.checked_sub(1)?;
        let module = &self.all[index];
        if let Some(child) = module.children.get(name) {
            return Some(Found::Module(*child));
        }
        if module.outline.items.contains(name) {
            return Some(Found::Item(index));
        }
        let imports = &module.outline.imports;
        if let Some(import) = imports.iter().find(|it| it.name.as_deref() == Some(name)) {
            return self.resolve(index, &import.mention.path, depth, passed);
        }
        if let (0, Some(module)) = (index, self.exported.get(name)) {
            return Some(Found::Item(*module));
        }
        let mut globs = imports.iter().filter(|it| it.name.is_none());
        globs.find_map(
            |glob| match self.resolve(index, &glob.mention.path, depth, passed)? {
                Found::Module(target) if target != index => self.named(target, name, depth, passed),
                _ => None,
            },
        )
    }
}
