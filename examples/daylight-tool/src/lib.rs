//! Example
