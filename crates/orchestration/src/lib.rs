//! Workflows as DAGs of steps with bindings
