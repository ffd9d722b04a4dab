//! The state of reading a document: the current path, the memory left, and the findings.

use std::cell::{Cell, RefCell};
use std::fmt;

use crate::Rejections;
use crate::cost::Overrun;

/// How deep messages may nest below the outermost one: protobuf's own limit.
const MAX_DEPTH: usize = 100;

/// How much of an unknown key is shown.
const MAX_KEY: usize = 64;

/// Charges a number of bytes before they are allocated.
type Charge<'a> = &'a dyn Fn(u64) -> Result<(), Overrun>;

/// The state of reading one document.
pub struct Context<'a> {
    path: Path,
    charge: Charge<'a>,
    overrun: Cell<Option<Overrun>>,
    found: RefCell<Rejections>,
    /// Whether a record that cannot be read is left out, or is an error.
    tolerant: bool,
    /// A bit for each depth: whether the message there has a field under its old name.
    renamed: Cell<u128>,
}

/// The path from the outermost message to the value being read.
///
/// A step is removed only on success, so after an error the path points at the fault.
#[derive(Debug, Default)]
struct Path {
    steps: RefCell<Vec<Step>>,
    depth: Cell<usize>,
}

#[derive(Debug)]
enum Step {
    Field(&'static str),
    Index(usize),
}

impl<'a> Context<'a> {
    pub(super) fn new(charge: Charge<'a>, tolerant: bool) -> Self {
        Self {
            path: Path::default(),
            charge,
            overrun: Cell::new(None),
            found: RefCell::default(),
            tolerant,
            renamed: Cell::new(0),
        }
    }

    pub(super) const fn is_tolerant(&self) -> bool {
        self.tolerant
    }

    pub(super) fn field<T, E>(
        &self,
        name: &'static str,
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.step(Step::Field(name), read)
    }

    pub(super) fn index<T, E>(
        &self,
        index: usize,
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.step(Step::Index(index), read)
    }

    fn step<T, E>(&self, step: Step, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.path.steps.borrow_mut().push(step);
        let value = read()?;
        self.path.steps.borrow_mut().pop();
        Ok(value)
    }

    /// Reads one message; the outermost one does not count towards the depth.
    pub(super) fn message<T, E: serde::de::Error>(
        &self,
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let depth = self.path.depth.get();
        if depth > MAX_DEPTH {
            return Err(E::custom(format_args!(
                "nested deeper than {MAX_DEPTH} messages"
            )));
        }
        self.path.depth.set(depth + 1);
        self.renamed.set(self.renamed.get() & !self.bit());
        let value = read()?;
        self.path.depth.set(depth);
        Ok(value)
    }

    /// Charges `bytes` before they are allocated.
    pub(super) fn charge<E: serde::de::Error>(&self, bytes: u64) -> Result<(), E> {
        (self.charge)(bytes).map_err(|overrun| {
            self.overrun.set(Some(overrun));
            E::custom(overrun)
        })
    }

    pub(super) const fn overrun(&self) -> Option<Overrun> {
        self.overrun.get()
    }

    /// Reads a record; returns `None` and counts `records` if it cannot be read.
    pub(super) fn record<T>(
        &self,
        read: impl FnOnce() -> Result<T, serde_json::Error>,
        records: impl FnOnce() -> u64,
    ) -> Result<Option<T>, serde_json::Error> {
        let (steps, depth) = (self.path.steps.borrow().len(), self.path.depth.get());
        match read() {
            Ok(value) => Ok(Some(value)),
            Err(error) if self.overrun.get().is_some() => Err(error),
            Err(error) => {
                let problem = super::without_position(&error);
                let mut found = self.found.borrow_mut();
                found.malformed(&self.path, &problem, records());
                self.path.steps.borrow_mut().truncate(steps);
                self.path.depth.set(depth);
                Ok(None)
            }
        }
    }

    pub(super) fn count_mended(&self) {
        self.found.borrow_mut().count_mended(1);
    }

    /// Notes a key that the message being read does not have.
    pub(super) fn unknown(&self, key: &[u8]) {
        self.found.borrow_mut().note_unknown(|| {
            let mut key = String::from_utf8_lossy(key).into_owned();
            key.truncate(key.floor_char_boundary(MAX_KEY));
            let place = self.path.to_string();
            match place.as_str() {
                "" => format!("{key:?}"),
                place => format!("{key:?} in {place}"),
            }
        });
    }

    /// Notes that a field of the message being read was found under its old name.
    pub(super) fn set_renamed(&self) {
        self.renamed.set(self.renamed.get() | self.bit());
    }

    pub(super) fn is_renamed(&self) -> bool {
        self.renamed.get() & self.bit() != 0
    }

    fn bit(&self) -> u128 {
        1 << self.path.depth.get()
    }

    pub(super) fn place(&self) -> String {
        self.path.to_string()
    }

    pub(super) fn into_found(self) -> Rejections {
        self.found.into_inner()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.borrow().iter().enumerate() {
            match step {
                Step::Field(name) if position == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
