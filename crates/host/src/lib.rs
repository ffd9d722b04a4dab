//! Serves a tool or an agent over HTTP
