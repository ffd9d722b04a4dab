// Addresses: every view has one, and it survives a reload.
import { createStore } from './ui.js';

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function read() {
  const parts = location.pathname.split('/').filter(Boolean).map(decode);
  const params = new URLSearchParams(location.search);
  const [first, second] = parts;
  if (parts.length === 0 || first === 'runs') return { view: 'runs', id: second ?? null, params };
  if (first === 'metrics') return { view: 'metrics', id: parts.slice(1).join('/') || null, params };
  if (first === 'logs' || first === 'services') return { view: first, id: null, params };
  return { view: 'unknown', id: location.pathname, params };
}

/** Where the page is: `view`, `id` (trace or metric) and `params`. */
export const route = createStore(read());

addEventListener('popstate', () => route.set(read()));

/** The address of a view; a parameter without a value is left out. */
export function link(view, id = null, params = {}) {
  const base = view === 'runs' ? (id ? `/runs/${encodeURIComponent(id)}` : '/') : `/${view}${id ? `/${encodeURIComponent(id)}` : ''}`;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value != null && value !== '' && value !== false) query.set(name, String(value));
  }
  const tail = query.toString();
  return tail ? `${base}?${tail}` : base;
}

/** Goes to an address of this page; `replace` for moves that the back button should skip. */
export function go(address, { replace = false } = {}) {
  if (address === location.pathname + location.search) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', address);
  route.set(read());
}

/** Changes parameters of the current address. */
export function setParams(changes, { replace = true } = {}) {
  const { view, id, params } = route.value;
  if (view === 'unknown') return;
  go(link(view, id, { ...Object.fromEntries(params), ...changes }), { replace });
}

// Plain clicks on links of this page are handled here; the browser handles all others.
document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const anchor = event.target.closest?.('a[href]');
  if (!anchor || anchor.target || anchor.origin !== location.origin || /^\/(api|assets|v1)\//.test(anchor.pathname)) return;
  event.preventDefault();
  go(anchor.pathname + anchor.search);
});
