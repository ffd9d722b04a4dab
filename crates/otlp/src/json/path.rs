//! Where in a document the reader is.

use std::cell::{Cell, RefCell};
use std::fmt;

/// How deep messages may nest below the outermost one: protobuf's own limit.
const MAX_DEPTH: usize = 100;

/// The way from the outermost message to the value being read.
///
/// A step is taken back only on success, so after an error the path points at the fault.
#[derive(Debug, Default)]
pub struct Path {
    steps: RefCell<Vec<Step>>,
    depth: Cell<usize>,
}

#[derive(Debug)]
enum Step {
    Field(&'static str),
    Index(usize),
}

impl Path {
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
        self.steps.borrow_mut().push(step);
        let value = read()?;
        self.steps.borrow_mut().pop();
        Ok(value)
    }

    /// Reads one message; the outermost one is not counted.
    pub(super) fn message<T, E: serde::de::Error>(
        &self,
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let depth = self.depth.get();
        if depth > MAX_DEPTH {
            return Err(E::custom(format_args!(
                "nested deeper than {MAX_DEPTH} messages"
            )));
        }
        self.depth.set(depth + 1);
        let value = read()?;
        self.depth.set(depth);
        Ok(value)
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
