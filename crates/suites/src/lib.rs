//! Integration suites against real parts. This package contains only tests and the programs that they start:
//! `tests/it` runs on this machine alone, `tests/docker` against a collector, `tests/journey` with
//! every service in a container; `emitter` is an application that emits what they check, `worker` is
//! one under load.
