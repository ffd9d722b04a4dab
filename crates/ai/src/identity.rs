//! Which model, of whom, where: what telemetry says about it before it answers.

/// A model as its spans and metrics name it.
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
    /// A model of `provider`, asked at `address` and `port`.
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

    /// Where answers come from, whatever the model: what one origin attached is sent back to it and to no
    /// other. Many servers share a provider's name, since they speak its protocol.
    pub(crate) fn origin(&self) -> String {
        format!("{}@{}:{}", self.provider, self.address, self.port)
    }
}
