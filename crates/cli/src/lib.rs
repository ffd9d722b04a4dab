//! The glassbox command
