// Shared by all components: the template function, hooks, stores and small elements.
import { h, render } from '../vendor/preact.js';
import {
  useEffect, useErrorBoundary, useLayoutEffect, useMemo, useRef, useState,
} from '../vendor/hooks.js';
import htm from '../vendor/htm.js';

export { render, useEffect, useErrorBoundary, useLayoutEffect, useMemo, useRef, useState };
export const html = htm.bind(h);

/** A value with subscribers. */
export function createStore(initial) {
  let value = initial;
  const readers = new Set();
  return {
    get value() { return value; },
    set(next) {
      const replaced = typeof next === 'function' ? next(value) : next;
      if (Object.is(replaced, value)) return;
      value = replaced;
      for (const reader of [...readers]) reader();
    },
    subscribe(reader) {
      readers.add(reader);
      return () => readers.delete(reader);
    },
  };
}

/** Renders the component again whenever the selected part of the store changes. */
export function useStore(store, select = (value) => value) {
  const [, render] = useState(0);
  const seen = useRef();
  seen.current = select(store.value);
  useLayoutEffect(() => {
    const check = () => {
      if (!Object.is(select(store.value), seen.current)) render((n) => n + 1);
    };
    check(); // it may have changed between rendering and subscribing
    return store.subscribe(check);
  }, [store]);
  return seen.current;
}

/** The pane that `j`, `k` and Enter act on. */
export const pane = createStore('list');

/**
 * The range of equally high rows that can be seen, with some more on both sides.
 * `list` is the element that is as high as all rows; it may start anywhere inside `scroller`. Gives `[from, to, width]`.
 */
export function useVisibleRows(scroller, list, count, rowHeight, margin = 12) {
  const [range, setRange] = useState([0, 60, 900]);
  useLayoutEffect(() => {
    const box = scroller.current;
    const rows = list.current;
    if (!box || !rows) return undefined;
    const measure = () => {
      const top = rows.getBoundingClientRect().top - box.getBoundingClientRect().top;
      const from = Math.max(0, Math.min(count, Math.floor(-top / rowHeight) - margin));
      const to = Math.max(from, Math.min(count, Math.ceil((box.clientHeight - top) / rowHeight) + margin));
      const width = rows.clientWidth;
      setRange((old) => (old[0] === from && old[1] === to && old[2] === width ? old : [from, to, width]));
    };
    measure();
    box.addEventListener('scroll', measure, { passive: true });
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    for (const child of box.children) observer.observe(child);
    return () => {
      box.removeEventListener('scroll', measure);
      observer.disconnect();
    };
  }, [count, rowHeight, scroller, list]);
  return [Math.min(range[0], count), Math.min(range[1], count), range[2]];
}

const OFFSET = 237_492;
const HUES = 24;
const SHADES = 2;

// FNV-1a with a final mix. The offset is chosen so that the services of the examples get colours that differ clearly.
function hash(text) {
  let value = OFFSET;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}

/**
 * The CSS colour of a service. It depends on the name alone, so a service has the same colour in every run and every
 * browser. The hues leave out red and amber, which mean errors and warnings.
 */
export function colour(service) {
  if (service == null) return 'var(--faint)';
  const slot = hash(service) % (HUES * SHADES);
  const shade = slot < HUES ? 'a' : 'b';
  return `oklch(var(--light-${shade}) var(--chroma) ${100 + (slot % HUES) * 10})`;
}

export function Dot({ service }) {
  return html`<span class="dot" style=${{ background: colour(service) }} aria-hidden="true"></span>`;
}

/** A button that copies a text and says so for a moment. */
export function Copy({ text, label, title, className = 'btn' }) {
  const [said, say] = useState(null);
  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(() => say(null), 1400);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async (event) => {
    event.stopPropagation();
    const value = typeof text === 'function' ? text() : text;
    try {
      await navigator.clipboard.writeText(value);
      say('Copied');
    } catch {
      say('Copy failed');
    }
  };
  return html`<button type="button" class=${className} title=${title ?? 'Copy'} onClick=${copy}
    ><span aria-live="polite">${said ?? label}</span></button>`;
}

export function Loading({ what }) {
  return html`<div class="state" role="status"><span class="pulse"></span>Loading ${what}…</div>`;
}

/** A failed request: what was wrong, where, and what to do. */
export function Failed({ error, what, onRetry }) {
  return html`<div class="state" role="alert">
    <b>${error.status === 400 ? `${what} is invalid.` : `${what} could not be loaded.`}</b>
    <p>${error.message}</p>
    <p class="dim">${error.hint}</p>
    ${onRetry && html`<button type="button" class="btn" onClick=${onRetry}>Try again</button>`}
  </div>`;
}

export function Empty({ title, children }) {
  return html`<div class="state"><b>${title}</b>${children}</div>`;
}
