//! A reference to a model, or a shared or boxed model, is a model.

use super::{ChatModel, ChatRequest, ChatResponse, ChatStream, ModelError};
use crate::Cx;
use async_trait::async_trait;
use std::sync::Arc;

macro_rules! delegate {
    ($($pointer:ty),+) => {$(
        #[async_trait]
        impl<T: ChatModel + ?Sized> ChatModel for $pointer {
            fn id(&self) -> &str {
                (**self).id()
            }

            async fn stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, ModelError> {
                (**self).stream(cx, request).await
            }

            async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, ModelError> {
                (**self).chat(cx, request).await
            }
        }
    )+};
}

delegate!(&T, Box<T>, Arc<T>);
