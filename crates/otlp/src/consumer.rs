//! The destination of a receiver's batches, such as a store.

use std::time::Duration;

use async_trait::async_trait;

use crate::Batch;

/// Accepts the batches that a [`Receiver`](crate::Receiver) decodes.
///
/// The client gets its response when the returned future completes, so return `Ok` only once the batch is
/// as durable as the consumer promises.
///
/// # Cancel safety
///
/// The future is dropped when the client disconnects. Its batch may or may not have been kept; the client
/// sends it again.
#[async_trait]
pub trait Consumer: Send + Sync + 'static {
    /// Takes one batch; it holds at least one record.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] tells the client whether and when to send the whole batch again.
    async fn consume(&self, batch: Batch) -> Result<Accepted, Refusal>;
}

/// The answer to a batch that was taken, wholly or in part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Accepted {
    rejected: u64,
    message: Option<String>,
}

impl Accepted {
    /// Takes every record.
    pub const fn all() -> Self {
        Self {
            rejected: 0,
            message: None,
        }
    }

    /// Takes every record and warns the client, for instance of a shortened attribute.
    pub fn with_warning(message: impl Into<String>) -> Self {
        Self {
            rejected: 0,
            message: Some(message.into()),
        }
    }

    /// Takes all but `rejected` records, which the client must not send again.
    pub fn partial(rejected: u64, message: impl Into<String>) -> Self {
        Self {
            rejected,
            message: Some(message.into()),
        }
    }

    /// Returns how many records were rejected for good.
    #[must_use]
    pub const fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Returns the message for the client.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

/// Why a whole batch was rejected; each variant has a corresponding OTLP response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Too much arrives at once: 429, `UNAVAILABLE`; the client sends again after the delay.
    #[error("too much telemetry at once")]
    Overloaded {
        /// The delay that is sent to the client.
        retry_after: Duration,
    },
    /// The data cannot be kept now (disk full, store failing): 503, `UNAVAILABLE`; the client
    /// keeps the data and sends again after the delay.
    #[error("{message}")]
    Unavailable {
        /// What is wrong, for the client's log.
        message: String,
        /// The delay that is sent to the client.
        retry_after: Duration,
    },
    /// The data is wrong and will stay wrong: 400, `INVALID_ARGUMENT`; never sent again.
    #[error("{message}")]
    Invalid {
        /// What is wrong with it.
        message: String,
    },
    /// The client is not authenticated: 401, `UNAUTHENTICATED`; never sent again.
    #[error("{message}")]
    Unauthenticated {
        /// What is missing.
        message: String,
    },
    /// The client may not send this: 403, `PERMISSION_DENIED`; never sent again.
    #[error("{message}")]
    PermissionDenied {
        /// What is not allowed.
        message: String,
    },
    /// The consumer failed in a way that a retry does not fix: 500, `INTERNAL`; never sent again.
    #[error("{message}")]
    Internal {
        /// What is wrong, for the client's log.
        message: String,
    },
}

impl Refusal {
    /// Makes a refusal for a store that cannot take anything now.
    pub fn unavailable(message: impl Into<String>, retry_after: Duration) -> Self {
        Self::Unavailable {
            message: message.into(),
            retry_after,
        }
    }

    /// Returns the delay after which the client sends again; `None` means never.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Overloaded { retry_after } | Self::Unavailable { retry_after, .. } => {
                Some(*retry_after)
            }
            _ => None,
        }
    }
}
