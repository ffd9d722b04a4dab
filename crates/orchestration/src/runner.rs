//! Runs graphs: everything that is ready at once, up to a cap.

mod step;

use crate::{
    Graph, OrchestrationSettings,
    binding::Scope,
    record::{RunRecord, Told},
    report::{Run, RunError, StepOutcome, StepReport},
    services::{self, Callee, NotFound},
    settings::MAX_PARALLEL,
};
use futures_util::{
    StreamExt,
    future::{Either, select},
    stream::FuturesUnordered,
};
use glassbox_core::{Category, Clock, Cx, Deadline, Problem, World};
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    pin::pin,
    sync::Arc,
    time::Duration,
};

/// Runs workflows in memory, on the caller's task.
///
/// # Cancel safety
/// Dropping a run cancels the calls that are under way; what completed stays done. The run and its
/// steps are counted as cancelled.
#[derive(Clone)]
pub struct Runner {
    clock: Arc<dyn Clock>,
    max_parallel: NonZeroUsize,
}

impl Runner {
    /// A runner that measures deadlines on `clock`, the one that the callers' deadlines are of, and
    /// has up to 8 steps of a run under way at once.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            max_parallel: MAX_PARALLEL,
        }
    }

    /// Does as the settings say.
    #[must_use]
    pub fn configured(self, settings: &OrchestrationSettings) -> Self {
        self.with_max_parallel(settings.max_parallel)
    }

    /// Says how many steps of a run may be under way at once; the others wait.
    #[must_use]
    pub fn with_max_parallel(mut self, steps: NonZeroUsize) -> Self {
        self.max_parallel = steps;
        self
    }

    /// Checks that every step's capability exists, without running anything.
    ///
    /// # Errors
    /// If discovery does not answer, or all faults that it shows.
    pub async fn check(&self, world: &World<'_>, graph: &Graph) -> Result<(), Problem> {
        services::find(graph, world.discovery)
            .await
            .map(drop)
            .map_err(not_found)
    }

    /// Runs `graph` once. The first step that fails ends the run; the others are cancelled.
    ///
    /// Each step is called under an idempotency key of its own, made of the caller's key, or else of
    /// the run's id, and the same for all its tries.
    ///
    /// # Errors
    /// If the inputs do not fit, a capability is missing, a step fails, the deadline passes, or the
    /// caller gives up. The error says what became of every step.
    pub async fn run(
        &self,
        cx: &Cx,
        world: &World<'_>,
        graph: &Graph,
        inputs: Map<String, Value>,
    ) -> Result<Run, RunError> {
        let run_id = format!("{:032x}", fastrand::u128(..));
        let told = Told {
            clock: &self.clock,
            events: world.events,
            workflow: &graph.workflow().name,
            run_id: &run_id,
        };
        let record = RunRecord::start(told, cx);
        let mut cx = cx.with_trace(record.span().context().clone());
        if let Some(timeout) = graph.workflow().timeout_ms {
            let timeout = Duration::from_millis(timeout);
            cx = cx.with_deadline(Deadline::after(&self.clock, timeout));
        }
        let mut progress = Progress::new(graph);
        let scene = Scene {
            runner: self,
            world,
            told,
            graph,
            cx: &cx,
        };
        let result = record
            .span()
            .around(scene.play(inputs, &mut progress))
            .await;
        record.end(result.as_ref().map(|_| ()));
        let steps = progress.reports(graph);
        match result {
            Ok(output) => Ok(Run {
                run_id,
                output,
                steps,
            }),
            Err(problem) => Err(RunError {
                run_id,
                problem,
                steps,
            }),
        }
    }
}

/// What became of each step so far, by its place.
struct Progress {
    outputs: BTreeMap<String, Value>,
    outcomes: Vec<StepOutcome>,
}

impl Progress {
    fn new(graph: &Graph) -> Self {
        Self {
            outputs: BTreeMap::new(),
            outcomes: vec![StepOutcome::NotStarted; graph.len()],
        }
    }

    fn reports(self, graph: &Graph) -> Vec<StepReport> {
        let ids = (0..graph.len()).map(|at| graph.step(at).0.id.clone());
        ids.zip(self.outcomes)
            .map(|(id, outcome)| StepReport { id, outcome })
            .collect()
    }
}

/// Everything that a run and its steps share.
#[derive(Clone, Copy)]
struct Scene<'a> {
    runner: &'a Runner,
    world: &'a World<'a>,
    told: Told<'a>,
    graph: &'a Graph,
    cx: &'a Cx,
}

impl Scene<'_> {
    async fn play(
        &self,
        inputs: Map<String, Value>,
        progress: &mut Progress,
    ) -> Result<Value, Problem> {
        let graph = self.graph;
        let inputs = graph.inputs(inputs).map_err(|wrong| {
            let name = &graph.workflow().name;
            let message = format!("the inputs of workflow '{name}' do not fit: {wrong}");
            Problem::new(Category::Invalid, "workflow.inputs", message)
        })?;
        let mut given_up = pin!(self.given_up());
        let callees = match select(
            &mut given_up,
            pin!(services::find(graph, self.world.discovery)),
        )
        .await
        {
            Either::Left((problem, _)) => return Err(problem),
            Either::Right((found, _)) => found.map_err(not_found)?,
        };

        let mut waiting: Vec<usize> = (0..graph.len())
            .map(|at| graph.step(at).1.before.len())
            .collect();
        let mut ready: BTreeSet<usize> = (0..graph.len()).filter(|at| waiting[*at] == 0).collect();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.runner.max_parallel.get()
                && let Some(at) = ready.pop_first()
            {
                let input = self.input(at, &inputs, &progress.outputs);
                let input = input.inspect_err(|problem| {
                    progress.outcomes[at] = StepOutcome::failed(problem, 0);
                })?;
                progress.outcomes[at] = StepOutcome::Cancelled;
                running.push(self.step(at, &callees[at], input));
            }
            let (at, attempts, result) = match select(&mut given_up, running.next()).await {
                Either::Left((problem, _)) => return Err(problem),
                Either::Right((Some(ended), _)) => ended,
                Either::Right((None, _)) => break,
            };
            match result {
                Err(problem) => {
                    progress.outcomes[at] = StepOutcome::failed(&problem, attempts);
                    return Err(self.blame_step(at, &problem));
                }
                Ok(output) => {
                    progress.outcomes[at] = StepOutcome::Completed {
                        output: output.clone(),
                        attempts,
                    };
                    let (step, node) = graph.step(at);
                    progress.outputs.insert(step.id.clone(), output);
                    for after in &node.after {
                        waiting[*after] -= 1;
                        if waiting[*after] == 0 {
                            ready.insert(*after);
                        }
                    }
                }
            }
        }
        self.output(&inputs, &progress.outputs)
    }

    async fn step(
        &self,
        at: usize,
        callee: &Callee,
        input: Value,
    ) -> (usize, u32, Result<Value, Problem>) {
        let (attempts, result) = step::run(*self, at, callee, input).await;
        (at, attempts, result)
    }

    /// Resolves when the caller gave up or its time is over, with the reason.
    async fn given_up(&self) -> Problem {
        let name = &self.graph.workflow().name;
        let cancelled = self.cx.cancelled();
        let Some(deadline) = self.cx.deadline() else {
            cancelled.await;
            return cancelled_run(name);
        };
        let left = deadline.remaining(&self.runner.clock).unwrap_or_default();
        match select(cancelled, pin!(tokio::time::sleep(left))).await {
            Either::Left(_) => cancelled_run(name),
            Either::Right(_) => Problem::new(
                Category::Timeout,
                "workflow.timeout",
                format!("workflow '{name}' did not end before its deadline"),
            ),
        }
    }

    fn input(
        &self,
        at: usize,
        inputs: &Map<String, Value>,
        outputs: &BTreeMap<String, Value>,
    ) -> Result<Value, Problem> {
        let (step, node) = self.graph.step(at);
        node.input
            .resolve(&Scope::new(inputs, outputs))
            .map_err(|error| {
                let message = format!("the input of step '{}' cannot be filled: {error}", step.id);
                Problem::new(Category::Invalid, "workflow.binding", message)
                    .with_detail("step", step.id.clone())
            })
    }

    fn output(
        &self,
        inputs: &Map<String, Value>,
        outputs: &BTreeMap<String, Value>,
    ) -> Result<Value, Problem> {
        let Some(template) = self.graph.output() else {
            let last = (0..self.graph.len()).map(|at| self.graph.step(at));
            return Ok(last
                .filter(|(_, node)| node.after.is_empty())
                .filter_map(|(step, _)| Some((step.id.clone(), outputs.get(&step.id)?.clone())))
                .collect());
        };
        template
            .resolve(&Scope::new(inputs, outputs))
            .map_err(|error| {
                let message = format!("the output cannot be filled: {error}");
                Problem::new(Category::Invalid, "workflow.binding", message)
            })
    }

    /// The problem of a step as the problem of the run.
    fn blame_step(&self, at: usize, problem: &Problem) -> Problem {
        let (step, _) = self.graph.step(at);
        let message = format!(
            "step '{}' ({}) failed: {}",
            step.id,
            step.capability,
            problem.message()
        );
        let of_run = Problem::new(problem.category(), problem.code(), message)
            .with_retryable(problem.is_retryable())
            .with_detail("step", step.id.clone())
            .with_detail("capability", step.capability.clone());
        match problem.retry_after() {
            Some(wait) => of_run.with_retry_after(wait),
            None => of_run,
        }
    }
}

fn cancelled_run(name: &str) -> Problem {
    Problem::new(
        Category::Cancelled,
        "workflow.cancelled",
        format!("workflow '{name}' was cancelled by its caller"),
    )
}

fn not_found(error: NotFound) -> Problem {
    match error {
        NotFound::Discovery(problem) => problem,
        NotFound::Faults(invalid) => {
            Problem::new(Category::Invalid, "workflow.invalid", invalid.to_string())
        }
    }
}
