//! Layered settings with provenance and unknown-key errors
