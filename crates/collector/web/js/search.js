// The search box, and the search language of the views that the page filters itself.
import { html, useEffect, useRef, useState, useStore } from './ui.js';
import { route, setParams } from './router.js';
import { useKeys } from './keys.js';

// The fields of the views whose lists the page filters itself. The backend parses the search of runs.
const FIELDS = {
  logs: { service: 'service', severity: 'severity', level: 'severity', error: 'error', errors: 'error', trace: 'trace', trace_id: 'trace', span_id: 'spanId' },
  metrics: { service: 'service' },
  services: { service: 'service' },
};
const TOKEN = /([\w.]+)\s*(>=|<=|=|:|>|<)(?!\/\/)\s*("[^"]*"|[^\s"]+)|"[^"]*"|\S+/g;

const bare = (value) => value.replace(/^"(.*)"$/, '$1');

/**
 * Reads a search of a view into `{service, severity, error, trace, spanId, text, problem}`. `problem` names an unknown
 * field with the known ones.
 */
export function parseSearch(input, view) {
  const known = FIELDS[view];
  const found = { text: '', problem: null };
  const words = [];
  for (const [token, key, , value] of (input ?? '').matchAll(TOKEN)) {
    const field = key && known[key.toLowerCase()];
    if (field === 'error') found.error = !/^(false|no|0)$/i.test(bare(value));
    else if (field) found[field] = bare(value);
    else if (key && !key.includes('.')) {
      found.problem ??= `Unknown search field "${key}". Known here: ${Object.keys(known).join(', ')}. To search for the text itself, put it in quotes.`;
    } else if (known.error && /^errors?$/i.test(token)) found.error = true;
    else if (!/^and$/i.test(token)) words.push(bare(token));
  }
  found.text = words.join(' ');
  return found;
}

/** Shows what a search could not use. */
export function SearchProblem({ problem }) {
  return problem && html`<p class="hint warn" role="alert">${problem}</p>`;
}

const HINTS = {
  runs: 'Search runs: service=travel-agent error duration>1s',
  logs: 'Search logs: severity=warn service=weather-tool timeout',
  metrics: 'Search metrics by name, unit or service',
  services: 'Search services and tools',
};

export function SearchBox() {
  const { view, params } = useStore(route);
  const query = params.get('q') ?? '';
  const input = useRef(null);
  const timer = useRef(null);
  const [typed, setTyped] = useState(null);

  useEffect(() => {
    clearTimeout(timer.current);
    setTyped(null);
  }, [view]);
  useKeys({
    '/': () => {
      input.current.focus();
      input.current.select();
    },
  });

  const commit = (value) => {
    clearTimeout(timer.current);
    setParams({ q: value });
    setTyped(null);
  };
  const onInput = (event) => {
    const { value } = event.currentTarget;
    setTyped(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => commit(value), 250);
  };
  const onKeyDown = (event) => {
    if (event.key === 'Enter') {
      commit(event.currentTarget.value);
      event.currentTarget.blur();
    }
  };
  return html`<search class="search">
    <input ref=${input} type="search" value=${typed ?? query} placeholder=${HINTS[view] ?? ''} aria-label=${HINTS[view] ?? 'Search'}
      autocomplete="off" spellcheck="false" maxlength="400" onInput=${onInput} onKeyDown=${onKeyDown} />
    <kbd aria-hidden="true">/</kbd>
  </search>`;
}
