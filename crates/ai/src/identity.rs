//! The identity of a model: its provider, name and address.

/// The identity of a model in spans and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelIdentity {
    /// `gen_ai.provider.name`.
    pub provider: String,
    /// `gen_ai.request.model`.
    pub model: String,
    /// `server.address`.
    pub address: String,
    /// `server.port`.
    pub port: u16,
}

impl ModelIdentity {
    /// A model of `provider` at `address` and `port`.
    pub fn new(
        provider: impl Into<String>,
        model: impl Into<String>,
        address: impl Into<String>,
        port: u16,
    ) -> Self {
        Self {
            provider: provider.into(),
            model: model.into(),
            address: address.into(),
            port,
        }
    }

    /// `provider/model`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }

    /// The answering server, independent of the model. Data that an origin attached to an answer is sent
    /// back to that origin only. The provider's name is not enough, because many servers use its
    /// protocol.
    pub(crate) fn origin(&self) -> String {
        format!("{}@{}:{}", self.provider, self.address, self.port)
    }
}
