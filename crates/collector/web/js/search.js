// The search box and its little language: `service=travel-agent error duration>1s` and free text.
import { html, useEffect, useRef, useState, useStore } from './ui.js';
import { route, setParams } from './router.js';
import { useKeys } from './keys.js';

const FIELDS = {
  service: 'service', span: 'span', name: 'span', error: 'error', errors: 'error', duration: 'duration',
  severity: 'severity', level: 'severity', trace: 'trace', trace_id: 'trace', span_id: 'spanId',
};
const TOKEN = /([\w.]+)\s*(>=|<=|=|:|>|<)\s*("[^"]*"|[^\s"]+)|"[^"]*"|\S+/g;
const UNITS = { ns: 1, us: 1e3, 'µs': 1e3, ms: 1e6, s: 1e9, min: 60e9, m: 60e9, h: 3600e9 };

const bare = (value) => value.replace(/^"(.*)"$/, '$1');

function nanos(value) {
  const match = /^([\d.]+)\s*(ns|us|µs|ms|s|min|m|h)?$/.exec(value);
  return match ? Number(match[1]) * UNITS[match[2] ?? 's'] : null;
}

/** Reads a search into `{service, span, error, severity, trace, spanId, min, max, text}`. */
export function parseSearch(input) {
  const found = { text: '' };
  const words = [];
  for (const [token, key, sign, value] of (input ?? '').matchAll(TOKEN)) {
    const field = key && FIELDS[key.toLowerCase()];
    if (field === 'duration') {
      const limit = nanos(bare(value));
      if (limit == null) words.push(token);
      else if (sign.startsWith('<')) found.max = limit;
      else found.min = limit;
    } else if (field === 'error') found.error = !/^(false|no|0)$/i.test(bare(value));
    else if (field) found[field] = bare(value);
    else if (/^errors?$/i.test(token)) found.error = true;
    else if (!/^and$/i.test(token)) words.push(bare(token));
  }
  found.text = words.join(' ');
  return found;
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
