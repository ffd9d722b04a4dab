//! `glassbox demo`: backend, tools and agent, one question, and its trace.

mod cast;
mod evidence;
mod hint;
mod home;
mod outcome;
mod question;

pub(crate) use cast::SERVICES;
pub(crate) use outcome::unasked;

use crate::{
    args::{Demo, Output},
    backend::Backend,
    failure::Failure,
    style::Style,
    terminal::{print, tell},
    up,
};
use cast::Cast;
use evidence::{Evidence, Expected};
use glassbox_ai::{AiSettings, ContentCapture, ModelConfig};
use glassbox_collector::Shim;
use glassbox_config::{Environment, Settings};
use glassbox_core::ServiceInfo;
use home::Home;
use outcome::Outcome;
use question::Question;
use std::{path::Path, pin::Pin, process::ExitCode, time::Duration};

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
    /// The configured model; otherwise the offline model is used.
    model: Option<ModelConfig>,
    capture_content: bool,
    style: Style,
    output: Output,
    /// The command that shows the run again, if the backend ends with the demo.
    again: Option<String>,
}

/// How the demo was started.
#[derive(Clone, Copy)]
pub(crate) struct Options<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) environment: &'a Environment,
    pub(crate) output: Output,
    /// The settings file that the command line names.
    pub(crate) file: Option<&'a Path>,
}

/// Runs the demo.
///
/// # Errors
/// If setup fails or the backend stops responding.
pub(crate) async fn run(demo: Demo, options: Options<'_>, shim: Shim) -> Result<ExitCode, Failure> {
    let Options {
        settings,
        environment,
        output,
        file,
    } = options;
    // First, so that no signal can end this process and leave children behind.
    let mut stop: Stop = Box::pin(up::interrupted());
    let question = Question::from_args(&demo)?;
    let ai = settings
        .load::<AiSettings>()
        .map_err(|error| Failure::from_error("invalid settings", &error))?;
    let model = match ai.api_key.is_some() || ai.base_url.is_some() {
        true => Some(
            ModelConfig::from_settings(&ai)
                .map_err(|error| Failure::from_error("cannot use the model", &error))?,
        ),
        false => None,
    };
    let config = up::config(&demo.listen, settings, environment, shim)?;
    let home = tokio::select! {
        home = Home::find(&demo, config) => home?,
        () = &mut stop => return Err(interrupted()),
    };
    let style = Style::of_stdout(output.color, environment);
    let is_once = demo.once || demo.json;
    if !output.quiet {
        tell(&home.line(is_once, style));
    }
    let stage = Stage {
        demo: &demo,
        question: &question,
        backend: &home.backend,
        environment,
        model,
        capture_content: demo.capture_content || ai.capture_content != ContentCapture::Off,
        style,
        output,
        again: (is_once && home.ends()).then(|| home::again(&demo, file)),
    };
    let ended = stage.play(&mut stop).await;
    match (ended, home.stop().await) {
        (Ok(_), Err(failure)) => Ok(failure.report()),
        (ended, _) => ended,
    }
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
        self.note("press Ctrl-C to stop");
        let ended = watch(&mut cast, stop).await;
        cast.stop().await;
        match ended {
            Some(ended) => Err(Failure::new(ended)),
            None => shown,
        }
    }

    /// Prints a line that is not a result.
    fn note(&self, line: &str) {
        if !self.output.quiet {
            tell(&self.style.dim(line));
        }
    }

    fn introduce(&self) {
        let collector = self.backend.status().collector.line();
        self.note(&format!("collector {collector}"));
        let model = self
            .model
            .as_ref()
            .and_then(|model| model.providers().first());
        let is_workflow = self.demo.workflow.is_some();
        self.note(&match model {
            _ if is_workflow => "model     none: a workflow calls tools without a model".to_owned(),
            Some(model) => {
                let identity = model.identity();
                let port = match identity.port {
                    80 | 443 => String::new(),
                    port => format!(":{port}"),
                };
                format!("model     {} at {}{port}", identity.id(), identity.address)
            }
            None => {
                "model     offline: neither OPENAI_API_KEY nor OPENAI_BASE_URL is set".to_owned()
            }
        });
        self.note(match self.capture_content {
            true => "content   prompts and answers are recorded on the spans",
            false => {
                "content   prompts and answers are not recorded (use --capture-content to record them)"
            }
        });
    }

    /// Asks, and shows the answer with its trace, or why there is no answer. With `--once` the services
    /// are stopped first, so that they flush their telemetry.
    async fn ask_and_show(
        &self,
        agent: &ServiceInfo,
        cast: &mut Option<Cast>,
        stop: &mut Stop,
    ) -> Result<ExitCode, Failure> {
        let result = tokio::select! {
            result = self.question.ask(agent) => result,
            () = &mut *stop => return Err(interrupted()),
        };
        if (self.demo.once || self.demo.json)
            && let Some(cast) = cast.take()
        {
            cast.stop().await;
        }
        let (trace_id, expected) = match &result {
            Ok(answer) => {
                let expected = Expected::Success(self.question.run());
                (Some(answer.trace_id.as_str()), expected)
            }
            Err(refusal) => (refusal.trace_id.as_deref(), Expected::Failure),
        };
        let gather = async {
            let Some(trace_id) = trace_id else {
                return Ok(None);
            };
            let evidence = Evidence::gather(self.backend, trace_id, expected, ARRIVAL);
            evidence.await.map(Some)
        };
        let gathered = tokio::select! {
            gathered = gather => gathered,
            () = &mut *stop => Err(Failure::new("interrupted before the whole trace arrived")),
        };
        let evidence = match (gathered, &result) {
            (Ok(evidence), _) => evidence,
            (Err(failure), Ok(_)) => return Err(failure),
            // The missing answer is a more important error than the missing trace.
            (Err(failure), Err(_)) => {
                tell(&format!("glassbox: {failure}"));
                None
            }
        };
        let status = match self.backend.look().await {
            Ok(status) => status,
            Err(failure) => return Err(result.err().map_or(failure, |refusal| refusal.failure)),
        };
        let outcome = Outcome {
            question: self.question,
            result,
            evidence,
            status: &status,
            again: self.again.clone(),
            real_model: self.model.is_some(),
        };
        print(&match (self.demo.json, self.output.quiet) {
            (true, _) => outcome.to_json(),
            (false, true) => outcome.to_answer(),
            (false, false) => outcome.to_text(self.style),
        });
        Ok(outcome.report())
    }
}

/// Waits for Ctrl-C, or for a service to exit unexpectedly.
async fn watch(cast: &mut Cast, stop: &mut Stop) -> Option<String> {
    let ended = async {
        loop {
            if let Some(ended) = cast.ended() {
                return ended;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        ended = ended => Some(ended),
        () = stop => None,
    }
}

fn interrupted() -> Failure {
    Failure::new("interrupted before the answer arrived")
}
