//! Integration suites against real parts. There is nothing here but tests: see `tests/it`.
