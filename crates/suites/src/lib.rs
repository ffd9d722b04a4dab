//! Integration suites against real parts
