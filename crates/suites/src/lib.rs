//! Integration suites against real parts. There is nothing here but tests, and what they start:
//! `tests/it` runs on this machine alone, `tests/docker` against a collector, `tests/journey` with
//! everybody in containers; `emitter` is an application that emits what they look for, `worker` one
//! that is under load.
