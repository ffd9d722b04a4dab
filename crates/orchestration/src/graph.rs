//! A validated workflow, and which steps wait for which.

use crate::{
    Fault, InvalidWorkflow, Step, Workflow,
    binding::{Binding, Root},
    template::Template,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A workflow with valid names, bindings and dependencies.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    workflow: Workflow,
    nodes: Vec<Node>,
    /// By step id.
    places: BTreeMap<String, usize>,
    output: Option<Template>,
    order: Vec<usize>,
}

/// A step's place in the graph.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// The template of the call's input.
    pub(crate) input: Template,
    /// How often the step is attempted.
    pub(crate) retry: glassbox_resilience::RetryPolicy,
    /// The steps that must complete first.
    pub(crate) before: BTreeSet<usize>,
    /// The steps that wait for this one.
    pub(crate) after: BTreeSet<usize>,
}

impl Workflow {
    /// Checks everything that can be checked without discovery.
    ///
    /// # Errors
    /// All faults of the workflow, not just the first.
    pub fn validate(self) -> Result<Graph, InvalidWorkflow> {
        Graph::try_new(self)
    }
}

impl Graph {
    /// Checks `workflow`.
    ///
    /// # Errors
    /// All faults of the workflow.
    pub(crate) fn try_new(workflow: Workflow) -> Result<Self, InvalidWorkflow> {
        let mut check = Check::new(&workflow);
        let nodes = check.nodes();
        let output = check.output();
        let mut faults = check.faults;
        let order = match faults.is_empty() {
            // Dependencies are complete only if every reference was resolved.
            true => order(&workflow.steps, &nodes).unwrap_or_else(|cycle| {
                faults.push(cycle);
                Vec::new()
            }),
            false => Vec::new(),
        };
        InvalidWorkflow::unless_empty(&workflow.name, faults)?;
        let steps = workflow.steps.iter().enumerate();
        let places = steps.map(|(at, step)| (step.id.clone(), at)).collect();
        Ok(Self {
            workflow,
            nodes,
            places,
            output,
            order,
        })
    }

    /// The workflow as declared.
    pub fn workflow(&self) -> &Workflow {
        &self.workflow
    }

    /// The steps' ids in an order that respects the dependencies. Among steps that could come next, the
    /// one declared first comes first.
    pub fn order(&self) -> impl Iterator<Item = &str> {
        self.order
            .iter()
            .map(|at| self.workflow.steps[*at].id.as_str())
    }

    /// The ids of the steps that must complete before `step`, in the order of declaration. Empty if there
    /// is no such step.
    pub fn dependencies(&self, step: &str) -> impl Iterator<Item = &str> {
        let at = self.position(step);
        at.into_iter()
            .flat_map(|at| &self.nodes[at].before)
            .map(|at| self.workflow.steps[*at].id.as_str())
    }

    /// The place of the step of this id in the order of declaration.
    pub(crate) fn position(&self, step: &str) -> Option<usize> {
        self.places.get(step).copied()
    }

    /// The step at place `at`, as declared and as validated.
    pub(crate) fn step(&self, at: usize) -> (&Step, &Node) {
        (&self.workflow.steps[at], &self.nodes[at])
    }

    /// The number of steps.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The template of the output, if one is declared.
    pub(crate) fn output(&self) -> Option<&Template> {
        self.output.as_ref()
    }

    /// Returns the inputs of a run: those given, plus defaults and nulls.
    ///
    /// # Errors
    /// One sentence that names the missing and the unknown inputs.
    pub(crate) fn inputs(
        &self,
        mut given: Map<String, Value>,
    ) -> Result<Map<String, Value>, String> {
        let mut wrong: Vec<String> = given
            .keys()
            .filter(|name| !self.workflow.inputs.contains_key(*name))
            .map(|name| format!("it has no input '{name}'"))
            .collect();
        for (name, input) in &self.workflow.inputs {
            if given.get(name).is_some_and(|value| !value.is_null()) {
                continue;
            }
            match &input.default {
                Some(default) => given.insert(name.clone(), default.clone()),
                None if input.optional => given.insert(name.clone(), Value::Null),
                None => {
                    wrong.push(format!("input '{name}' is missing"));
                    None
                }
            };
        }
        match wrong.is_empty() {
            true => Ok(given),
            false => Err(wrong.join("; ")),
        }
    }
}

/// Collects faults while the graph is built.
struct Check<'a> {
    workflow: &'a Workflow,
    ids: BTreeMap<&'a str, usize>,
    faults: Vec<Fault>,
}

impl<'a> Check<'a> {
    fn new(workflow: &'a Workflow) -> Self {
        let mut check = Self {
            workflow,
            ids: BTreeMap::new(),
            faults: Vec::new(),
        };
        check.name("workflow name", &workflow.name);
        for input in workflow.inputs.keys() {
            check.name("input name", input);
        }
        if workflow.steps.is_empty() {
            check.faults.push(Fault::NoSteps);
        }
        for (at, step) in workflow.steps.iter().enumerate() {
            check.name("step id", &step.id);
            if check.ids.insert(&step.id, at).is_some() {
                let step = step.id.clone();
                check.faults.push(Fault::DuplicateStep { step });
            }
        }
        check
    }

    fn name(&mut self, of: &'static str, name: &str) {
        let allowed = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
        if name.is_empty() || !name.chars().all(allowed) {
            let name = name.to_owned();
            self.faults.push(Fault::BadName { of, name });
        }
    }

    fn nodes(&mut self) -> Vec<Node> {
        let workflow = self.workflow;
        let mut nodes = Vec::with_capacity(workflow.steps.len());
        for step in &workflow.steps {
            let place = format!("step '{}'", step.id);
            let input = self.template(&place, &step.input);
            let mut before = BTreeSet::new();
            for binding in input.iter().flat_map(Template::bindings) {
                before.extend(self.binding(&place, binding));
            }
            for id in &step.depends_on {
                before.extend(self.known(&place, id));
            }
            let retry = step.retry.to_policy().unwrap_or_else(|error| {
                let (step, reason) = (step.id.clone(), error.to_string());
                self.faults.push(Fault::BadRetry { step, reason });
                glassbox_resilience::RetryPolicy::default()
            });
            nodes.push(Node {
                retry,
                input: input.unwrap_or_else(|| {
                    Template::parse(&Value::Null).expect("invariant: null has no bindings")
                }),
                before,
                after: BTreeSet::new(),
            });
        }
        for at in 0..nodes.len() {
            for before in nodes[at].before.clone() {
                nodes[before].after.insert(at);
            }
        }
        nodes
    }

    fn output(&mut self) -> Option<Template> {
        let place = "the output";
        let output = self.template(place, self.workflow.output.as_ref()?)?;
        for binding in output.bindings() {
            self.binding(place, binding);
        }
        Some(output)
    }

    fn template(&mut self, place: &str, value: &Value) -> Option<Template> {
        let place = place.to_owned();
        Template::parse(value)
            .map_err(|error| self.faults.push(Fault::BadBinding { place, error }))
            .ok()
    }

    /// The place of the step that a binding refers to, if it refers to one.
    fn binding(&mut self, place: &str, binding: &Binding) -> Option<usize> {
        match binding.root() {
            Root::Step(id) => self.known(place, id),
            Root::Input(input) => {
                if !self.workflow.inputs.contains_key(input) {
                    self.faults.push(Fault::UnknownInput {
                        place: place.to_owned(),
                        input: input.clone(),
                    });
                }
                None
            }
        }
    }

    fn known(&mut self, place: &str, id: &str) -> Option<usize> {
        let known = self.ids.get(id).copied();
        if known.is_none() {
            self.faults.push(Fault::UnknownStep {
                place: place.to_owned(),
                step: id.to_owned(),
            });
        }
        known
    }
}

/// Sorts by dependency (Kahn's algorithm), or returns one circle.
fn order(steps: &[Step], nodes: &[Node]) -> Result<Vec<usize>, Fault> {
    let mut waiting: Vec<usize> = nodes.iter().map(|node| node.before.len()).collect();
    let mut ready: BTreeSet<usize> = (0..nodes.len()).filter(|at| waiting[*at] == 0).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for after in &nodes[at].after {
            waiting[*after] -= 1;
            if waiting[*after] == 0 {
                ready.insert(*after);
            }
        }
    }
    match order.len() == nodes.len() {
        true => Ok(order),
        false => Err(cycle(steps, nodes, &waiting)),
    }
}

/// Returns one circle among the steps that still wait. Each of them has a dependency that also waits, so
/// following dependencies leads back to a step seen before.
fn cycle(steps: &[Step], nodes: &[Node], waiting: &[usize]) -> Fault {
    let waits = |at: &usize| waiting[*at] > 0;
    let mut path: Vec<usize> = Vec::new();
    let mut next = (0..nodes.len()).find(waits);
    while let Some(at) = next {
        if let Some(start) = path.iter().position(|seen| *seen == at) {
            path.drain(..start);
            path.push(at);
            break;
        }
        path.push(at);
        next = nodes[at].before.iter().copied().find(waits);
    }
    Fault::Cycle {
        steps: path.iter().map(|at| steps[*at].id.clone()).collect(),
    }
}

#[cfg(test)]
mod tests;
