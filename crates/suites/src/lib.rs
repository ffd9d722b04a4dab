//! Integration suites against real parts. There is nothing here but tests: see `tests/it` and
//! `tests/docker`, and `emitter` for the application that they start.
