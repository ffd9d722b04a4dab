//! An invoker over scripted services.

use glassbox_core::{
    Call, Called, Caller, Capability, Category, Cx, Effect, Outcome, Problem, ToolError,
};
use glassbox_invoke::{InvokeOptions, Invoker};
use glassbox_testkit::{Services, VirtualClock};
use serde_json::json;
use std::time::Duration;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Services, the clock and the invoker between them.
pub(crate) struct World {
    pub(crate) services: Services,
    pub(crate) clock: VirtualClock,
    pub(crate) invoker: Invoker<Services, Services>,
}

impl World {
    pub(crate) fn of(services: Services) -> Self {
        Self::with(services, VirtualClock::new(), InvokeOptions::default())
    }

    pub(crate) fn with(services: Services, clock: VirtualClock, options: InvokeOptions) -> Self {
        let timer = clock.clone();
        let invoker = Invoker::try_new(
            services.clone(),
            services.clone(),
            clock.clone(),
            move |duration| timer.sleep(duration),
            options,
        );
        Self {
            services,
            clock,
            invoker: invoker.unwrap(),
        }
    }

    pub(crate) fn call(&self, call: Call) -> Called {
        self.call_under(&Cx::background(), call)
    }

    pub(crate) fn call_under(&self, cx: &Cx, call: Call) -> Called {
        self.clock.run(self.invoker.call(cx, call))
    }
}

/// The capability `act`, which may take 30 s.
pub(crate) fn act(effect: Effect) -> Capability {
    Capability::of::<(), ()>("act", "Acts.")
        .with_effect(effect)
        .with_timeout(30 * SECOND)
}

/// A call of `act` whose first instance is the first one.
pub(crate) fn call() -> Call {
    Call::new("act", json!({}))
}

pub(crate) fn done() -> Result<Outcome, ToolError> {
    Ok(Outcome::done("done"))
}

pub(crate) fn away() -> Result<Outcome, ToolError> {
    Err(ToolError::unavailable("test.away", "not now"))
}

/// The outcome of an instance that rejects a call before starting it.
pub(crate) fn rejected(code: &str, category: Category) -> Result<Outcome, ToolError> {
    let problem = Problem::new(category, code, "come again later");
    Err(problem.with_may_have_begun(false).into())
}

/// The code of the error of a call.
pub(crate) fn code(called: &Called) -> String {
    called.result.as_ref().unwrap_err().code().to_owned()
}

/// Answers in sequence; the last one repeats.
pub(crate) fn script(
    answers: impl IntoIterator<Item = fn() -> Result<Outcome, ToolError>>,
) -> impl Fn() -> Result<Outcome, ToolError> + Send + Sync + 'static {
    let answers: Vec<_> = answers.into_iter().collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    move || {
        let at = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        answers[at.min(answers.len() - 1)]()
    }
}
