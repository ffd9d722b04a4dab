//! A response.

use super::{HttpBody, HttpError};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, response::Parts};
use serde::de::DeserializeOwned;
use std::fmt;

/// The head of a response, and its body as a stream.
#[must_use = "dropping the response gives up its body"]
pub struct HttpResponse {
    head: Parts,
    body: HttpBody,
    limit: usize,
}

impl HttpResponse {
    pub(super) fn new(head: Parts, body: HttpBody, limit: usize) -> Self {
        Self { head, body, limit }
    }

    /// The status, also of 400 and more.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The body as a stream.
    pub fn into_body(self) -> HttpBody {
        self.body
    }

    /// The whole body.
    ///
    /// # Errors
    /// If it ends early, or is larger than the client's limit.
    pub async fn bytes(self) -> Result<Bytes, HttpError> {
        self.body.collect(self.limit).await
    }

    /// The whole body as JSON.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and if it is not the JSON that was expected.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, HttpError> {
        let peer = self.body.peer().to_owned();
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|source| HttpError::Json { peer, source })
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.head.status)
            .finish_non_exhaustive()
    }
}
