//! The keys of the OTLP ports and of the store.

use super::yaml::{Map, Node, literal};
use super::{Draft, RenderError};

/// The header of a key. Collectors write header names in lower case for gRPC.
pub(super) const AUTHORIZATION: &str = "authorization";

/// The extension that requires a key on the OTLP ports.
const LOCK: &str = "bearertokenauth/glassbox";

/// The variable with the key, in the collector's environment only.
const KEY: &str = "GLASSBOX_COLLECTOR_KEY";

/// The variable with the header for the store.
const STORE_AUTHORIZATION: &str = "GLASSBOX_STORE_AUTHORIZATION";

impl Draft<'_> {
    /// Returns the authentication of the OTLP ports, and adds its extension.
    ///
    /// # Errors
    /// Fails if there are keys and the distribution cannot check them.
    pub(super) fn lock(&mut self) -> Result<Option<Map>, RenderError> {
        let Some(key) = self.config.keys.first() else {
            return Ok(None);
        };
        if !self.components.extensions.contains("bearertokenauth") {
            return Err(RenderError::LacksAuthentication);
        }
        self.environment.push((KEY.to_owned(), literal(key)));
        let extension = Map::new()
            .with("scheme", "Bearer")
            .with("token", Node::variable(KEY));
        let extensions = std::mem::take(&mut self.extensions);
        self.extensions = extensions.with(LOCK, extension);
        Ok(Some(Map::new().with("authenticator", LOCK)))
    }

    /// Returns the value of the header that the store requires.
    pub(super) fn store_authorization(&mut self) -> Option<Node> {
        let key = self.config.keys.first()?;
        let variable = (
            STORE_AUTHORIZATION.to_owned(),
            literal(&format!("Bearer {key}")),
        );
        if !self.environment.contains(&variable) {
            self.environment.push(variable);
        }
        Some(Node::variable(STORE_AUTHORIZATION))
    }
}
