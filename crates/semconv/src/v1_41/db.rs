//! Database clients.
//!
//! A span is named `{db.query.summary}`, else `{db.operation.name} {target}` where the target is the
//! collection, else the namespace, else `server.address:server.port`; its kind is client.

use super::{error, server};

attributes! {
    /// The product: one of [`system`] or another known name.
    SYSTEM_NAME = "db.system.name";
    /// The database within the server.
    NAMESPACE = "db.namespace";
    /// The table or container.
    COLLECTION_NAME = "db.collection.name";
    /// The operation or command: `SELECT`, `HMSET`.
    OPERATION_NAME = "db.operation.name";
    /// The number of operations in a batch (int).
    OPERATION_BATCH_SIZE = "db.operation.batch.size";
    /// A summary of the query with few distinct values: `SELECT orders`.
    QUERY_SUMMARY = "db.query.summary";
    /// The query with its parameters as placeholders.
    QUERY_TEXT = "db.query.text";
    /// The database's own status code (string).
    RESPONSE_STATUS_CODE = "db.response.status_code";
    /// The number of returned rows (int).
    RESPONSE_RETURNED_ROWS = "db.response.returned_rows";
    /// The connection pool, unique within the process.
    CLIENT_CONNECTION_POOL_NAME = "db.client.connection.pool.name";
    /// `idle` or `used`.
    CLIENT_CONNECTION_STATE = "db.client.connection.state";
}

/// Values of [`SYSTEM_NAME`].
pub mod system {
    /// PostgreSQL.
    pub const POSTGRESQL: &str = "postgresql";
    /// Redis.
    pub const REDIS: &str = "redis";
    /// SQLite.
    pub const SQLITE: &str = "sqlite";
}

metrics! {
    CLIENT_OPERATION_DURATION = Histogram "db.client.operation.duration" ["s"]
        "Duration of database client operations."
        {
            SYSTEM_NAME, NAMESPACE, COLLECTION_NAME, OPERATION_NAME, QUERY_SUMMARY,
            RESPONSE_STATUS_CODE, error::TYPE, server::ADDRESS, server::PORT,
        }
        &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
    CLIENT_CONNECTION_COUNT = UpDownCounter "db.client.connection.count" ["{connection}"]
        "Connections that are currently in the state that the label names."
        { CLIENT_CONNECTION_POOL_NAME, CLIENT_CONNECTION_STATE };
}
