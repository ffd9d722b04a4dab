//! The main job in one command: backend, tools, agent, one real question, its trace.

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
use cast::{Cast, has_real_model};
use evidence::Evidence;
use glassbox_config::{Environment, Settings};
use outcome::Outcome;
use question::Question;
use std::{process::ExitCode, time::Duration};

/// How long the trace may take to arrive once everybody has flushed, or has had time to.
const ARRIVAL: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(250);

/// Runs the demo.
///
/// # Errors
/// If it cannot be set up, the question finds no answer, or the backend is lost.
pub(crate) async fn run(
    demo: Demo,
    settings: &Settings,
    environment: &Environment,
) -> Result<ExitCode, Failure> {
    let style = Style::of_stdout(
        environment.get("NO_COLOR").is_some(),
        environment.get("COLUMNS"),
    );
    let question = Question::from_args(&demo)?;
    let once = demo.once || demo.json;
    let local = match &demo.backend {
        Some(_) => None,
        None => Some(up::start(&demo.listen, settings).await?),
    };
    let page = match (&demo.backend, &local) {
        (Some(url), _) => url.clone(),
        (None, Some(local)) => local.page(),
        (None, None) => return Err(Failure::new("there is no backend to use")),
    };
    let backend = Backend::connect(&page).await?;
    tell(&style.dim(&format!("backend   {}", backend.endpoints().page)));
    if !has_real_model(environment) {
        tell("model     offline: neither OPENAI_API_KEY nor OPENAI_BASE_URL is set");
    }
    tell(match demo.capture_content {
        true => "content   prompts and answers are on the spans",
        false => {
            "content   prompts and answers are not on the spans (--capture-content puts them there)"
        }
    });

    let ended = async {
        let (cast, agent) = Cast::start(&backend, environment, demo.capture_content, style).await?;
        let answer = tokio::select! {
            answer = question.ask(&agent) => answer,
            () = up::interrupted() => Err(Failure::new("interrupted before the answer came")),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) => {
                cast.stop().await;
                return Err(failure);
            }
        };
        let mut running = Some(cast);
        // Once: what everybody still holds is flushed by their end. Otherwise it comes by itself.
        if once && let Some(cast) = running.take() {
            cast.stop().await;
        }
        let evidence =
            Evidence::gather(&backend, &answer.trace_id, question.run(), ARRIVAL).await?;
        let outcome = Outcome::new(&question, answer, evidence, backend.endpoints());
        print(&match demo.json {
            true => outcome.to_json(),
            false => outcome.to_text(style, has_real_model(environment)),
        });
        let code = outcome.report();
        if let Some(mut cast) = running {
            tell(&style.dim("Ctrl-C stops everything"));
            let lost = watch(&mut cast).await;
            cast.stop().await;
            if let Some(obituary) = lost {
                return Err(Failure::new(obituary));
            }
        }
        Ok(code)
    }
    .await;
    if let Some(local) = local {
        local.stop().await?;
    }
    ended
}

/// Waits for Ctrl-C, or for a service that ends by itself.
async fn watch(cast: &mut Cast) -> Option<String> {
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
        () = up::interrupted() => None,
    }
}
