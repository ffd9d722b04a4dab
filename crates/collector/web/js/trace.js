// One trace as a tree. The spans may be incomplete, repeated or circular.
import { duration, plural, text } from './format.js';

const first = (span, ...names) => {
  for (const name of names) {
    const value = span.attributes?.[name];
    if (value != null && value !== '') return value;
  }
  return null;
};

export const isError = (span) => span.status === 'error';
export const operation = (span) => first(span, 'gen_ai.operation.name');
export const isModelCall = (span) => ['chat', 'text_completion', 'generate_content'].includes(operation(span));
export const isTool = (span) => operation(span) === 'execute_tool';
export const isAgent = (span) => ['invoke_agent', 'create_agent', 'invoke_workflow'].includes(operation(span));
export const toolName = (span) => text(first(span, 'gen_ai.tool.name')) || span.name.replace(/^execute_tool\s+/, '');
export const modelName = (span) => text(first(span, 'gen_ai.response.model', 'gen_ai.request.model')) || span.name.replace(/^\w+\s+/, '');
export const agentName = (span) => text(first(span, 'gen_ai.agent.name')) || span.name.replace(/^\w+\s+/, '');

/** Input and output tokens of a span, or null. */
export function tokens(span) {
  const input = first(span, 'gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens');
  const output = first(span, 'gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens');
  return input == null && output == null ? null : [Number(input ?? 0), Number(output ?? 0)];
}

/** Whether the tokens are our estimate, because the provider reported none. */
export const estimated = (span) => first(span, 'glassbox.usage.source') === 'estimated';

/** Nanoseconds from the start of a model call to its first token, or null. */
export function firstToken(span) {
  const seconds = first(span, 'gen_ai.response.time_to_first_chunk', 'gen_ai.response.time_to_first_token', 'gen_ai.server.time_to_first_token');
  if (seconds != null && Number.isFinite(Number(seconds))) return Number(seconds) * 1e9;
  const event = span.events?.find((one) => /first[._ ]?(token|chunk)/i.test(one.name));
  return event ? event.time_unix_nano - span.start_unix_nano : null;
}

/** The number of attempts, if the span around them reports it. */
export function attempts(span) {
  if (span.attributes?.['glassbox.workflow.step'] != null) return first(span, 'glassbox.attempt');
  const entry = Object.entries(span.attributes ?? {}).find(([name]) => /(^|\.)(retry\.attempts?|attempts)$/.test(name));
  return entry && Number.isFinite(Number(entry[1])) ? Number(entry[1]) : null;
}

/** The number of this attempt, from 1, if the span reports it. */
export function attempt(span) {
  const again = first(span, 'http.request.resend_count');
  if (again != null) return Number(again) + 1;
  return span.attributes?.['glassbox.workflow.step'] == null ? first(span, 'glassbox.attempt') : null;
}

/** What a call cost in US dollars, or null where the price is not known. */
export function cost(span) {
  const value = first(span, 'glassbox.cost.usd', 'gen_ai.usage.cost');
  return value != null && Number.isFinite(Number(value)) ? Number(value) : null;
}

/** The state of the circuit breaker, if the span reports it. */
export function circuit(span) {
  const entry = Object.entries(span.attributes ?? {}).find(([name]) => /(circuit|breaker)(_breaker)?\.state$/.test(name));
  return entry ? text(entry[1]) : null;
}

/** The most important fact of a span, shown beside its bar. */
export function fact(span) {
  const parts = [];
  const used = tokens(span);
  if (used) parts.push(`${estimated(span) ? '≈ ' : ''}${used[0]} → ${used[1]} tok`);
  const token = firstToken(span);
  if (token != null) parts.push(`first token ${duration(token)}`);
  const tried = attempts(span);
  if (tried > 1) parts.push(`${tried} attempts`);
  else if (attempt(span) > 1) parts.push(`attempt ${attempt(span)}`);
  const state = circuit(span);
  if (state && state !== 'closed') parts.push(`circuit ${state.replace('_', '-')}`);
  const code = first(span, 'http.response.status_code', 'rpc.grpc.status_code', 'rpc.response.status_code');
  if (code != null && (isError(span) || Number(code) >= 400)) parts.push(text(code));
  else if (isError(span) && !parts.length) parts.push(errorType(span) ?? '');
  return parts.filter(Boolean).join(' · ');
}

function errorType(span) {
  const type = first(span, 'error.type');
  if (type != null) return text(type);
  const event = span.events?.find((one) => one.name === 'exception');
  return event?.attributes?.['exception.type'] ? text(event.attributes['exception.type']) : null;
}

/** Puts spans into a tree and lists it in reading order. */
export function buildTrace(spans) {
  const byId = new Map();
  const list = [];
  let conflicts = 0;
  for (const span of spans) {
    // The same span twice is one export that was repeated. Different spans of one id are both shown; the first is the
    // parent of the spans that name it, the others go by the id and their place.
    const first = byId.get(span.span_id);
    if (first && JSON.stringify(first.span) === JSON.stringify(span)) continue;
    const key = first ? `${span.span_id}~${conflicts += 1}` : span.span_id;
    const node = { key, span, children: [], depth: 0, size: 1, position: 0, siblings: 1, failed: 0, orphan: false, conflict: Boolean(first) };
    if (first) first.conflict = true;
    byId.set(key, node);
    list.push(node);
  }
  const roots = [];
  for (const node of list) {
    const parent = node.span.parent_span_id && byId.get(node.span.parent_span_id);
    if (parent && parent !== node && parent.span.span_id !== node.span.span_id) {
      parent.children.push(node);
      node.parent = parent;
    } else {
      node.orphan = Boolean(node.span.parent_span_id);
      roots.push(node);
    }
  }
  const byStart = (a, b) => a.span.start_unix_nano - b.span.start_unix_nano;
  roots.sort(byStart);
  const rows = [];
  const seen = new Set();
  const walk = (root) => {
    const stack = [root];
    while (stack.length) {
      const node = stack.pop();
      if (seen.has(node)) continue;
      seen.add(node);
      rows.push(node);
      node.children = node.children.filter((child) => !seen.has(child)).sort(byStart);
      for (let i = node.children.length - 1; i >= 0; i -= 1) {
        const child = node.children[i];
        child.depth = node.depth + 1;
        child.position = i;
        child.siblings = node.children.length;
        stack.push(child);
      }
    }
  };
  roots.forEach((root, i) => {
    root.position = i;
    walk(root);
  });
  // What is left hangs in circles; each is cut open at its earliest span.
  for (const node of [...list].sort(byStart)) {
    if (seen.has(node)) continue;
    node.orphan = true;
    node.parent = undefined;
    roots.push(node);
    walk(node);
  }
  for (let i = rows.length - 1; i >= 0; i -= 1) {
    const node = rows[i];
    node.row = i;
    if (isError(node.span)) node.failed += 1;
    if (node.parent) {
      node.parent.size += node.size;
      node.parent.failed += node.failed;
    }
  }

  let start = Infinity;
  let end = -Infinity;
  const services = new Map();
  let dollars = null;
  for (const { span } of rows) {
    if (!span.unusable_times) {
      start = Math.min(start, span.start_unix_nano);
      end = Math.max(end, span.end_unix_nano, span.start_unix_nano);
    }
    const service = services.get(span.service) ?? { name: span.service, spans: 0, errors: 0 };
    service.spans += 1;
    service.errors += isError(span) ? 1 : 0;
    services.set(span.service, service);
    if (isModelCall(span)) {
      const price = cost(span);
      if (price != null) dollars = (dollars ?? 0) + price;
    }
  }
  // Without a single usable time the spans share one moment.
  if (start > end) [start, end] = [rows[0].span.start_unix_nano, rows[0].span.start_unix_nano];
  const question = rows.map(({ span }) => first(span, 'glassbox.question')).find((value) => value != null);
  return {
    rows, byId, roots, start, end, depth: rows.reduce((deepest, node) => Math.max(deepest, node.depth), 0), length: Math.max(1, end - start), cost: dollars,
    question: question == null ? null : text(question),
    services: [...services.values()],
    errors: rows.filter(({ span }) => isError(span)),
    orphans: roots.filter((node) => node.orphan).length,
  };
}

/** The rows that are visible while some branches are closed. */
export function openRows(trace, closed) {
  if (closed.size === 0) return trace.rows;
  const rows = [];
  for (let i = 0; i < trace.rows.length;) {
    const node = trace.rows[i];
    rows.push(node);
    i += closed.has(node.key) ? node.size : 1;
  }
  return rows;
}

/** The failed span furthest down that explains a failed span, unless it is the span itself. */
export function cause(node) {
  let at = node;
  for (let step = 0; step < 1000; step += 1) {
    const failing = at.children.filter((child) => child.failed > 0);
    if (!failing.length) break;
    // Of several failed attempts the last one decided.
    at = failing[failing.length - 1];
  }
  return at === node || !isError(at.span) ? null : at;
}

const sentence = (words) => {
  const trimmed = words.trim();
  return /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
};

/** The error message of a failed span. */
function message(span) {
  const exception = span.events?.filter((event) => event.name === 'exception').at(-1)?.attributes ?? {};
  const code = first(span, 'http.response.status_code');
  return span.status_message || text(exception['exception.message']) || text(first(span, 'error.message'))
    || (code != null ? `returned status ${code}` : 'failed without a message');
}

/** Describes the failure of a span and what followed. */
export function explain(node, trace) {
  const { span } = node;
  const what = sentence(message(span));

  const done = [];
  const failedChildren = node.children.filter((child) => isError(child.span)).length;
  const last = Math.max(0, ...node.children.map((child) => attempt(child.span) ?? 0));
  const tried = attempts(span) ?? (last > 1 ? last : failedChildren > 1 && isTool(span) ? failedChildren : null);
  const state = circuit(span);
  const opens = span.events?.some((event) => {
    const words = `${event.name} ${JSON.stringify(event.attributes ?? {})}`;
    return /circuit|breaker/i.test(words) && /open/i.test(words);
  });
  if (tried > 1) done.push(`Tried ${tried === 2 ? 'twice' : `${tried} times`}${state === 'open' || opens ? ', then the circuit breaker opened' : ''}.`);
  else if (attempt(span) > 1) done.push(`This was attempt ${attempt(span)}.`);
  else if (state === 'open' || opens) done.push('The circuit breaker is open: calls are rejected until it closes.');
  const root = trace.roots[0];
  if (root === node) done.push('This failed the run.');
  else if (node.parent && !isError(node.parent.span)) done.push(`${node.parent.span.name} continued without it.`);
  else if (!isError(root.span)) done.push('The run continued without it.');
  const type = errorType(span);
  return { type, what: type ? what : what[0].toUpperCase() + what.slice(1), done: done.join(' ') };
}

/** The failed step that ended a workflow, with its reason; null when no step names itself. */
function failedStep(workflow, trace) {
  const inside = trace.rows.slice(workflow.row + 1, workflow.row + workflow.size);
  const steps = inside.filter(({ span }) => isError(span) && span.attributes?.['glassbox.workflow.step'] != null);
  const last = steps.at(-1);
  return last ? { name: text(last.span.attributes['glassbox.workflow.step']), why: message(last.span) } : null;
}

/** The outcome of a run in a few words, or null when nothing failed. */
export function outcome(trace) {
  if (!trace.errors.length) return null;
  const root = trace.roots[0];
  const workflow = trace.errors.find(({ span }) => operation(span) === 'invoke_workflow');
  if (workflow) {
    const step = failedStep(workflow, trace);
    return step ? `Workflow failed at step ${step.name}: ${step.why}` : `Workflow failed: ${message(workflow.span)}`;
  }
  if (isError(root.span)) return `Failed${errorType(root.span) ? `: ${errorType(root.span)}` : ''}`;
  const workflows = trace.rows.some(({ span }) => operation(span) === 'invoke_workflow');
  const steps = trace.errors.filter(({ span }) => span.attributes?.['glassbox.workflow.step'] != null);
  if (workflows && steps.length) return `${plural(steps.length, 'attempt')} of workflow steps failed, the workflow continued`;
  const tools = trace.errors.filter(({ span }) => isTool(span));
  if (tools.length) return `${plural(tools.length, 'tool call')} failed, answered without ${tools.length === 1 ? 'it' : 'them'}`;
  const calls = trace.errors.filter(({ span }) => isModelCall(span));
  if (calls.length) return `${plural(calls.length, 'model call')} failed, then recovered`;
  return `${plural(trace.errors.length, 'span')} failed, the run continued`;
}

/** The service that did the work of a tool call: the first other one below it, else its own. */
export function servedBy(node) {
  const below = [...node.children];
  for (let i = 0; i < below.length && i < 200; i += 1) {
    if (below[i].span.service !== node.span.service) return below[i].span.service;
    below.push(...below[i].children);
  }
  return node.span.service;
}

/**
 * Where a span contains all words of a search: `{place, part}` for the first word, `place` being the attribute or field
 * that holds it; null when a word is missing.
 */
export function found(span, words) {
  const places = [
    ['name', span.name], ['service', span.service], ['span id', span.span_id], ['status', span.status_message ?? ''],
    ...Object.entries(span.attributes ?? {}).map(([name, value]) => [name, text(value)]),
    ...(span.events ?? []).flatMap((event) => [['event', event.name], ...Object.entries(event.attributes ?? {}).map(([name, value]) => [name, text(value)])]),
  ];
  const holds = (word) => places.find(([place, value]) => value.toLowerCase().includes(word) || place.toLowerCase().includes(word));
  const hits = words.map(holds);
  if (hits.some((hit) => !hit)) return null;
  // A word in the name explains itself; show the first that is somewhere else.
  const at = Math.max(0, hits.findIndex(([place]) => place !== 'name'));
  const [place, value] = hits[at];
  return { place, part: snippet(value, words[at]) };
}

const AROUND = 14;

function snippet(value, word) {
  const at = Math.max(0, value.toLowerCase().indexOf(word));
  const [from, to] = [Math.max(0, at - AROUND), Math.min(value.length, at + word.length + AROUND)];
  return `${from > 0 ? '…' : ''}${value.slice(from, to)}${to < value.length ? '…' : ''}`;
}
