// Keyboard shortcuts, and the dialog that lists them.
import { html, useEffect, useRef } from './ui.js';

const listeners = [];

const TYPING = 'input, textarea, select, [contenteditable]';
const PRESSABLE = 'a, button, summary, [role=button]';

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector('dialog[open]')) return;
  const target = event.target instanceof Element ? event.target : document.body;
  if (target.matches(TYPING)) {
    if (event.key === 'Escape') target.blur();
    return;
  }
  if ((event.key === 'Enter' || event.key === ' ') && target.closest(PRESSABLE)) return;
  for (let i = listeners.length - 1; i >= 0; i -= 1) {
    const handler = listeners[i].current[event.key];
    if (handler && handler(event) !== false) {
      event.preventDefault();
      return;
    }
  }
});

/** Handles keys while the component is mounted. A handler that returns false passes the key on. */
export function useKeys(map) {
  const current = useRef(map);
  current.current = map;
  useEffect(() => {
    listeners.push(current);
    return () => {
      listeners.splice(listeners.indexOf(current), 1);
    };
  }, []);
}

/** A modal dialog that Esc and a click beside it close. */
export function Dialog({ label, onClose, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  return html`<dialog ref=${dialog} aria-label=${label} onClose=${onClose}
    onClick=${(event) => event.target === dialog.current && dialog.current.close()}>
    <div class="sheet"><header><h1>${label}</h1>
      <button type="button" class="btn" onClick=${() => dialog.current.close()}>Close <kbd>Esc</kbd></button></header>
    ${children}</div>
  </dialog>`;
}

const KEYS = [
  ['Everywhere', [
    ['/', 'search'], ['1 – 4', 'Runs, Services, Logs, Metrics'], ['p', 'pause or resume live updates'], ['?', 'show this dialog'],
    ['Esc', 'close, or go back'],
  ]],
  ['Runs', [
    ['j k', 'next, previous run in the list; next, previous span in a run'], ['Enter', 'move from the list into the run; there, open or close a branch'],
    ['e', 'next error in this run'], ['E', 'next run with an error'], ['← →', 'close, open a branch'], ['f', 'find in this run'], ['z', 'zoom to the span; Esc shows the whole run'], ['c', 'copy the address'],
  ]],
  ['Logs and metrics', [['j k', 'next, previous'], ['e', 'next error (logs)'], ['Enter', 'go to the run of the record']]],
];

const SEARCH = [
  ['service=travel-agent', 'a span of this service'], ['span="chat offline"', 'a span with this name'],
  ['error', 'a failed span; also status=error, status=ok'], ['status=503', 'an HTTP status'],
  ['tool=geocode', 'a call of this tool; also model=, agent='], ['duration>1s', 'of the run; also <, >=, <=; ns, us, ms, s, min'],
  ['tok>1000', 'tokens of the run'], ['http.route=/x', 'any attribute whose name has a dot'],
  ['severity=warn', 'logs: at least this level'], ['trace=5b8e…', 'runs and logs of this trace'], ['"any words"', 'full text'],
];

export function KeysDialog({ onClose }) {
  return html`<${Dialog} label="Keys and search" onClose=${onClose}>
    <div class="columns">
      <div>${KEYS.map(([title, keys]) => html`<h2>${title}</h2><dl class="keys">${keys.map(([key, what]) => html`
        <dt>${key.split(' ').map((part) => (part === '–' ? ' – ' : html`<kbd>${part}</kbd> `))}</dt><dd>${what}</dd>`)}</dl>`)}</div>
      <div><h2>Search</h2><dl class="keys wide">${SEARCH.map(([example, what]) => html`
        <dt class="mono">${example}</dt><dd>${what}</dd>`)}</dl><p class="dim small">A run matches if its spans match every term.</p></div>
    </div>
  <//>`;
}
