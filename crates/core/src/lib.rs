//! The contracts that every Glassbox crate speaks
