//! The local backend: receives, stores, queries and shows OTLP

mod store;
