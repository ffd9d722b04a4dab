//! `glassbox demo`: backend, tools and agent, one question, and its trace.

mod cast;
mod evidence;
mod outcome;
mod question;

pub(crate) use cast::SERVICES;

use crate::{
    args::Demo,
    backend::Backend,
    failure::Failure,
    style::Style,
    terminal::{print, tell},
    up,
};
use cast::Cast;
use evidence::Evidence;
use glassbox_ai::{AiSettings, ContentCapture};
use glassbox_collector::Shim;
use glassbox_config::{Environment, Settings};
use glassbox_core::ServiceInfo;
use outcome::Outcome;
use question::Question;
use std::{pin::Pin, process::ExitCode, time::Duration};

/// Time limit for the trace to arrive after the answer.
const ARRIVAL: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(250);

/// Resolves on the first Ctrl-C or SIGTERM. Must not be polled after that.
type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The context of a run.
struct Stage<'a> {
    demo: &'a Demo,
    question: &'a Question,
    backend: &'a Backend,
    environment: &'a Environment,
    /// Whether a model is configured; otherwise the offline model is used.
    real_model: bool,
    capture_content: bool,
    style: Style,
}

/// Runs the demo.
///
/// # Errors
/// If setup fails, the question is not answered, or the backend stops responding.
pub(crate) async fn run(
    demo: Demo,
    settings: &Settings,
    environment: &Environment,
    shim: Shim,
) -> Result<ExitCode, Failure> {
    // First, so that no signal can end this process and leave children behind.
    let mut stop: Stop = Box::pin(up::interrupted());
    let question = Question::from_args(&demo)?;
    let ai = settings
        .load::<AiSettings>()
        .map_err(|error| Failure::from_error("invalid settings", &error))?;
    let (local, page) = match &demo.backend {
        Some(url) => (None, url.clone()),
        None => {
            let local = tokio::select! {
                local = up::start(&demo.listen, settings, environment, shim) => local?,
                () = &mut stop => return Err(interrupted()),
            };
            let page = local.page();
            (Some(local), page)
        }
    };
    let reached = async {
        match &local {
            Some(_) => Backend::own(&page).await,
            None => Backend::connect(&page).await,
        }
    };
    let reached = tokio::select! {
        reached = reached => reached,
        () = &mut stop => Err(interrupted()),
    };
    let ended = match reached {
        Ok(backend) => {
            let stage = Stage {
                demo: &demo,
                question: &question,
                backend: &backend,
                environment,
                real_model: ai.api_key.is_some() || ai.base_url.is_some(),
                capture_content: demo.capture_content || ai.capture_content != ContentCapture::Off,
                style: Style::of_stdout(
                    environment.get("NO_COLOR").is_some(),
                    environment.get("COLUMNS"),
                ),
            };
            stage.play(&mut stop).await
        }
        Err(failure) => Err(failure),
    };
    if let Some(local) = local {
        local.stop().await?;
    }
    ended
}

impl Stage<'_> {
    /// Starts the services, asks, and shows the result; then exits, or runs until interrupted.
    async fn play(&self, stop: &mut Stop) -> Result<ExitCode, Failure> {
        self.introduce();
        let (cast, agent) = Cast::start(self, stop).await?;
        let mut cast = Some(cast);
        let shown = self.ask_and_show(&agent, &mut cast, stop).await;
        let Some(mut cast) = cast else { return shown };
        if shown.is_err() {
            cast.stop().await;
            return shown;
        }
        tell(&self.style.dim("press Ctrl-C to stop"));
        let lost = watch(&mut cast, stop).await;
        cast.stop().await;
        match lost {
            Some(obituary) => Err(Failure::new(obituary)),
            None => shown,
        }
    }

    fn introduce(&self) {
        let page = &self.backend.endpoints().page;
        tell(&self.style.dim(&format!("backend   {page}")));
        let collector = self.backend.status().collector.line();
        tell(&self.style.dim(&format!("collector {collector}")));
        if !self.real_model {
            tell("model     offline: neither OPENAI_API_KEY nor OPENAI_BASE_URL is set");
        }
        tell(match self.capture_content {
            true => "content   prompts and answers are recorded on the spans",
            false => {
                "content   prompts and answers are not recorded (use --capture-content to record them)"
            }
        });
    }

    /// Asks, and shows the answer with its trace. With `--once` the services are stopped first, so
    /// that they flush their telemetry.
    async fn ask_and_show(
        &self,
        agent: &ServiceInfo,
        cast: &mut Option<Cast>,
        stop: &mut Stop,
    ) -> Result<ExitCode, Failure> {
        let answer = tokio::select! {
            answer = self.question.ask(agent) => answer?,
            () = &mut *stop => return Err(interrupted()),
        };
        if (self.demo.once || self.demo.json)
            && let Some(cast) = cast.take()
        {
            cast.stop().await;
        }
        let run = self.question.run();
        let evidence = tokio::select! {
            evidence = Evidence::gather(self.backend, &answer.trace_id, run, ARRIVAL) => evidence?,
            () = &mut *stop => {
                return Err(Failure::new("interrupted before the whole trace arrived"));
            }
        };
        let status = self.backend.look().await?;
        let outcome = Outcome::new(self.question, answer, evidence, &status);
        print(&match self.demo.json {
            true => outcome.to_json(),
            false => outcome.to_text(self.style, self.real_model),
        });
        Ok(outcome.report())
    }
}

/// Waits for Ctrl-C, or for a service to exit unexpectedly.
async fn watch(cast: &mut Cast, stop: &mut Stop) -> Option<String> {
    let lost = async {
        loop {
            if let Some(obituary) = cast.ended() {
                return obituary;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        obituary = lost => Some(obituary),
        () = stop => None,
    }
}

fn interrupted() -> Failure {
    Failure::new("interrupted before the answer arrived")
}
