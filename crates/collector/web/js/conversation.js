// The conversation of a run: its turns, read from the spans, and how they are drawn.
import { colour, html, useState } from './ui.js';
import { count, dollars, duration, opened, plural, text } from './format.js';
import {
  agentName, attempt, attempts, cost, estimated, explain, firstToken, isAgent, isError, isModelCall, isTool, modelName, operation, servedBy, tokens, toolName,
} from './trace.js';

const partText = (part) => (typeof part === 'string' ? part : text(part?.content ?? part?.text ?? ''));

/** Messages in the convention's form (role, parts), or the older one (role, content), as plain pieces. */
function messages(value) {
  const list = opened(value);
  if (typeof list === 'string') return list ? [{ role: 'user', text: list, calls: [], answers: [] }] : [];
  if (!Array.isArray(list)) return [];
  return list.filter((message) => message && typeof message === 'object').map((message) => {
    const raw = message.parts ?? message.content ?? [];
    const parts = Array.isArray(raw) ? raw : [raw];
    const kind = (part) => (typeof part === 'string' ? 'text' : part?.type ?? 'text');
    const spoken = parts.filter((part) => ['text', 'refusal'].includes(kind(part))).map(partText).filter(Boolean);
    const others = parts.map(kind).filter((name) => !['text', 'refusal', 'tool_call', 'tool_call_response', 'reasoning'].includes(name));
    return {
      role: text(message.role) || 'user',
      text: [...spoken, ...others.map((name) => `[${name}]`)].join('\n'),
      reasoning: parts.filter((part) => kind(part) === 'reasoning').map(partText).join('\n'),
      calls: [
        ...parts.filter((part) => kind(part) === 'tool_call').map((part) => text(part.name)),
        ...(Array.isArray(message.tool_calls) ? message.tool_calls.map((call) => text(call?.function?.name ?? call?.name)) : []),
      ],
    };
  });
}

const captured = (span, name) => {
  if (span.attributes?.[name] != null) return span.attributes[name];
  return span.events?.find((event) => event.attributes?.[name] != null)?.attributes[name];
};

/** The run as turns of a conversation, in the order in which they began. */
export function conversation(trace) {
  const turns = [];
  const said = new Set();
  let content = false;
  if (trace.question) {
    said.add(`user\n${trace.question}`);
    turns.push({ kind: 'user', key: 'question', text: trace.question, node: trace.roots[0] });
  }
  const spoken = trace.rows
    .filter(({ span }) => operation(span) != null)
    .sort((a, b) => a.span.start_unix_nano - b.span.start_unix_nano || a.row - b.row);
  for (const node of spoken) {
    const { span } = node;
    const { key } = node;
    if (isModelCall(span)) {
      const input = captured(span, 'gen_ai.input.messages');
      const output = captured(span, 'gen_ai.output.messages');
      content ||= input != null || output != null;
      messages(input).forEach((message, i) => {
        const mark = `${message.role}\n${message.text}`;
        if (!['user', 'system', 'developer'].includes(message.role) || !message.text || said.has(mark)) return;
        said.add(mark);
        const turn = { kind: message.role === 'user' ? 'user' : 'system', key: `${key}/${i}`, text: message.text, node };
        // Instructions came before the question, which the run already opened with.
        if (turn.kind === 'system' && turns.at(-1)?.key === 'question') turns.splice(-1, 0, turn);
        else turns.push(turn);
      });
      const answers = messages(output);
      answers.forEach((message) => said.add(`assistant\n${message.text}`));
      turns.push({
        kind: 'model', key, node, text: answers.map((message) => message.text).filter(Boolean).join('\n'),
        reasoning: answers.map((message) => message.reasoning).filter(Boolean).join('\n'),
        calls: answers.flatMap((message) => message.calls), captured: output != null,
      });
    } else if (isTool(span)) {
      const input = captured(span, 'gen_ai.tool.call.arguments');
      const output = captured(span, 'gen_ai.tool.call.result');
      content ||= input != null || output != null;
      const asker = turns.findLast((turn) => turn.kind === 'model' && turn.node.parent === node.parent)
        ?? turns.findLast((turn) => turn.kind === 'model' && turn.node === node.parent);
      if (asker && !asker.captured && !isError(asker.node.span)) asker.calls.push(toolName(span));
      turns.push({ kind: 'tool', key, node, input, output });
    } else if (isAgent(span)) {
      if (node.depth > 0) turns.push({ kind: 'agent', key, node });
    } else {
      turns.push({ kind: 'other', key, node });
    }
  }
  return { turns, content };
}

const FIRST = 60;
const LONG = 1_200;

export function Conversation({ trace, turns, content, selected, onSelect }) {
  const [shown, setShown] = useState(FIRST);
  const chosen = turns.findIndex((turn) => turn.node.key === selected && turn.kind !== 'user' && turn.kind !== 'system');
  const limit = Math.max(shown, chosen + 1);
  const says = turns.some((turn) => ['model', 'tool'].includes(turn.kind));
  return html`<div class="say">
    ${turns.slice(0, limit).map((turn, i) => html`<${Turn} key=${turn.key} turn=${turn} trace=${trace} on=${i === chosen} onSelect=${onSelect} />`)}
    ${limit < turns.length && html`<div class="turn"><button type="button" class="btn" onClick=${() => setShown(limit * 4)}>
      Show more of ${plural(turns.length, 'turn')}</button></div>`}
    ${says && !content && html`<p class="hint">Content was not captured for this run. Start with <code>--capture-content</code> to record prompts, answers, arguments and results.</p>`}
  </div>`;
}

function Turn({ turn, trace, on, onSelect }) {
  const { span } = turn.node;
  const failed = isError(span) && turn.kind !== 'user' && turn.kind !== 'system';
  const tint = turn.kind === 'user' || turn.kind === 'system' ? 'var(--faint)' : failed ? 'var(--err)' : colour(turn.kind === 'tool' ? servedBy(turn.node) : span.service);
  return html`<article class=${`turn${on ? ' on' : ''}`} style=${{ '--c': tint }}
    onClick=${() => !String(getSelection()) && onSelect(turn.node.key)}>
    <${Title} turn=${turn} span=${span} failed=${failed} trace=${trace} />
    ${turn.kind === 'system' ? html`<details><summary class="dim">${plural(turn.text.length, 'character')}</summary><p>${turn.text}</p></details>` : html`<${Words} value=${turn.text} />`}
    ${turn.reasoning && html`<details><summary class="dim">Reasoning</summary><p class="dim">${turn.reasoning}</p></details>`}
    ${turn.kind === 'tool' && (turn.input != null || turn.output != null) && html`<${Call} input=${turn.input} output=${turn.output} />`}
  </article>`;
}

function Title({ turn, span, failed, trace }) {
  if (turn.kind === 'user') return html`<h3>User</h3>`;
  if (turn.kind === 'system') return html`<h3>Instructions</h3>`;
  const facts = [duration(span.duration_nano)];
  let name;
  if (turn.kind === 'model') {
    name = modelName(span);
    const used = tokens(span);
    if (used) facts.push(`${estimated(span) ? '≈ ' : ''}${count(used[0])} → ${count(used[1])} tok`);
    const price = cost(span);
    if (price != null) facts.push(dollars(price));
    const token = firstToken(span);
    if (token != null) facts.push(`first token ${duration(token)}`);
    if (turn.calls.length) {
      const names = [...new Set(turn.calls)];
      facts.push(`asked for ${names.slice(0, 6).join(', ')}${names.length > 6 ? ` and ${names.length - 6} more` : ''}`);
    }
  } else if (turn.kind === 'tool') name = toolName(span);
  else if (turn.kind === 'agent') name = agentName(span);
  else name = `${operation(span)} ${modelName(span)}`;
  if (failed) {
    const tried = attempts(span);
    const why = explain(turn.node, trace);
    return html`<h3><button type="button">${name}</button><span class="err">failed${tried > 1 ? ` after ${tried} attempts` : attempt(span) > 1 ? ` at attempt ${attempt(span)}` : ''} · ${duration(span.duration_nano)} · ${why.what.replace(/\.$/, '')}</span></h3>`;
  }
  return html`<h3><button type="button">${name}</button><span>${facts.join(' · ')}</span></h3>`;
}

function Words({ value }) {
  const [all, setAll] = useState(false);
  if (!value) return null;
  if (all || value.length <= LONG) return html`<p>${value}</p>`;
  return html`<p>${value.slice(0, LONG)}… <button type="button" class="more" onClick=${(event) => {
    event.stopPropagation();
    setAll(true);
  }}>all ${count(value.length)} characters</button></p>`;
}

const compact = (value) => {
  const open = opened(value);
  return typeof open === 'string' ? open : JSON.stringify(open);
};

function Call({ input, output }) {
  return html`<div class="call mono">${compact(input ?? '')}${output != null && html`<span class="dim"> → </span>${compact(output)}`}</div>`;
}
