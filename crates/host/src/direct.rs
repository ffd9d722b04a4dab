//! Calls a capability once, on the first instance that has it.

use glassbox_core::{
    Call, Called, Caller, Category, Connector, Cx, Discovery, Filter, Problem, async_trait,
};
use std::sync::Arc;

/// One attempt on one instance, without failover, repetition or breaker.
pub(crate) struct DirectCaller {
    discovery: Arc<dyn Discovery>,
    connector: Arc<dyn Connector>,
}

impl DirectCaller {
    pub(crate) fn new(discovery: Arc<dyn Discovery>, connector: Arc<dyn Connector>) -> Self {
        Self {
            discovery,
            connector,
        }
    }
}

#[async_trait]
impl Caller for DirectCaller {
    async fn call(&self, cx: &Cx, call: Call) -> Called {
        let found = match &call.candidates {
            Some(known) => Ok(known.to_vec()),
            None => {
                let filter = Filter::any().with_capability(&*call.capability);
                let filter = match &call.service {
                    Some(service) => filter.with_name(service),
                    None => filter,
                };
                self.discovery.find(cx, &filter).await
            }
        };
        let instance = match found.map(|found| found.into_iter().next()) {
            Ok(Some(instance)) => instance,
            Ok(None) => {
                let message = format!("no service has the capability '{}'", call.capability);
                let problem = Problem::new(Category::NotFound, "capability.unknown", message);
                return Called::refused(problem.into());
            }
            Err(problem) => return Called::refused(problem.into()),
        };
        match self.connector.connect(&instance) {
            Ok(tool) => {
                let result = tool.call(cx, &call.capability, call.input).await;
                Called::new(result, Some(instance), 1)
            }
            Err(problem) => Called::refused(problem.into()),
        }
    }
}
