// Attributes, grouped by what they describe and named by the convention.
import { html, useState } from './ui.js';
import { bytes, count, opened, text } from './format.js';

const GROUPS = [
  ['Tool', /^(gen_ai\.tool|mcp)\.|^glassbox\.(capability|effect|peer)\b/],
  ['Agent', /^(gen_ai\.(agent|conversation)|a2a|agent)\.|^glassbox\.question$/],
  ['Workflow', /^(gen_ai\.workflow|glassbox\.(workflow|step|run)|workflow|temporal)\b/],
  ['Model', /^(gen_ai|glassbox\.(cost|usage)|openai|anthropic|aws\.bedrock|azure\.ai|llm)\./],
  ['Outcome', /^(error|exception|retry|circuit|breaker|resilience)\b|^glassbox\.(attempt|reason|breaker|dependency)\b|\.resend_count$|(^|\.)(circuit|breaker)\./],
  ['HTTP', /^(http|url|server|client|network|net|user_agent|tls)\./],
  ['RPC', /^rpc\./],
  ['Database', /^db\./],
  ['Messaging', /^messaging\./],
  ['Code', /^(code|thread|busy_ns|idle_ns|target|level)\b/],
];
const OTHER = 'Other';

// A map, because a sender may call an operation `constructor`.
const SUBJECTS = new Map([['execute_tool', 'Tool'], ['invoke_agent', 'Agent'], ['create_agent', 'Agent'], ['invoke_workflow', 'Workflow']]);

/** Groups in the order in which they matter, each with its sorted entries. */
function grouped(attributes) {
  const groups = new Map(GROUPS.map(([title]) => [title, []]));
  groups.set(OTHER, []);
  const subject = SUBJECTS.get(attributes?.['gen_ai.operation.name']);
  // Long content (messages, schemas) comes after the facts of its group.
  const bulk = (value) => text(value).length > 60 && typeof opened(value) === 'object';
  const entries = Object.entries(attributes ?? {}).map(([name, value]) => [name, value, bulk(value)]);
  for (const [name, value] of entries.sort(([a, , x], [b, , y]) => x - y || a.localeCompare(b))) {
    const group = name === 'gen_ai.operation.name' && subject ? subject : GROUPS.find(([, pattern]) => pattern.test(name))?.[0] ?? OTHER;
    groups.get(group).push([name, value]);
  }
  return [...groups].filter(([, members]) => members.length > 0);
}

const LONG = 320;

/** A value of any kind, as text; JSON is laid out, what is long is folded. */
export function Value({ value }) {
  const [all, setAll] = useState(false);
  const open = opened(value);
  const structured = open !== null && typeof open === 'object';
  const whole = structured ? JSON.stringify(open, null, 2) : text(value);
  const short = structured && whole.length <= 60 ? JSON.stringify(open) : whole;
  const cut = !all && (short.length > LONG || short.split('\n').length > 12);
  const shown = cut ? short.slice(0, LONG).split('\n').slice(0, 12).join('\n') : short;
  return html`<span class=${short.includes('\n') ? 'value laid' : 'value'}>${whole === '' ? html`<span class="faint">empty</span>` : shown}${cut && html`…
    <button type="button" class="more" onClick=${() => setAll(true)}>all ${count(whole.length)} characters</button>`}</span>`;
}

export function Pairs({ entries }) {
  return html`<dl class="pairs mono">${entries.map(([name, value]) => html`<dt>${name.split(/(?<=[._])/).map((part) => html`${part}<wbr />`)}</dt><dd><${Value} key=${name} value=${value} /></dd>`)}</dl>`;
}

export function Groups({ attributes }) {
  return grouped(attributes).map(([title, entries]) => html`<h2>${title}</h2><${Pairs} entries=${entries} />`);
}

export function Resource({ resource, scope }) {
  const first = ['service.name', 'service.version', 'service.instance.id'];
  const rank = (name) => (first.includes(name) ? first.indexOf(name) : first.length);
  const entries = Object.entries(resource ?? {}).sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
  const named = Object.entries(scope ?? {}).filter(([, value]) => value != null && value !== '' && text(value) !== '{}');
  return html`${entries.length > 0 && html`<h2>Resource</h2><${Pairs} entries=${entries} />`}
    ${named.length > 0 && html`<h2>Scope</h2><${Pairs} entries=${named} />`}`;
}

/** Links to the values that the backend cut, because they are large. */
export function CutValues({ cut }) {
  if (!cut?.length) return null;
  return html`<h2>Cut values</h2><ul class="plainlist mono">${cut.map((one) => html`<li>
    <a href=${one.url} target="_blank" rel="noreferrer">${one.key ?? one.path}</a> <span class="dim">${bytes(one.bytes)}</span></li>`)}</ul>`;
}

/** The word and colour of a severity number. */
export function severity(number, words) {
  const level = ['unset', 'trace', 'debug', 'info', 'warn', 'error', 'fatal'][number > 0 ? Math.min(6, Math.ceil(number / 4)) : 0];
  const name = level === 'unset' && words ? String(words).toLowerCase().slice(0, 6) : level;
  return { level, name: name === 'unset' ? '–' : name };
}

export function Level({ number, words }) {
  const { level, name } = severity(number, words);
  return html`<span class=${`level ${level}`}>${name}</span>`;
}
