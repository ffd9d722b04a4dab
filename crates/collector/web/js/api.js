// The backend's HTTP API: requests, the status poll that drives the live update, and the hook that loads.
import { createStore, useEffect, useRef, useState, useStore } from './ui.js';

const POLL = 2_000;
const BACK_OFF = [1_000, 2_000, 4_000, 8_000, 15_000];

/** A failed request. */
class ApiError extends Error {
  constructor({ status = 0, code = 'unreachable', message, retryable = true }) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryable = retryable;
  }

  get hint() {
    if (this.status === 0) return 'The page retries. Start the backend with `glassbox up` or `glassbox demo`.';
    if (this.status === 400) return 'Change the search or the address.';
    if (this.status === 403) return 'The backend accepts only loopback names, the addresses it listens on, and `allowed_hosts`.';
    if (this.status === 404) return 'It may have been pruned, or it belongs to another backend.';
    return this.retryable ? 'The page retries.' : `Status ${this.status} (${this.code}).`;
  }
}

// Numbers beyond 2^53 lose their last digits in JSON.parse. For times that is a quarter of a microsecond; anywhere
// else it would be a wrong number on the page, so those become strings. Such answers are rare: the test comes first.
const BIG = /(?<!_unix_nano":)(?<=[:,[])-?\d{16,}(?=[,\]}])/;
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;

function parse(body) {
  if (!BIG.test(body)) return JSON.parse(body);
  let time = false;
  return JSON.parse(body.replace(TOKENS, (token) => {
    if (token[0] === '"') {
      time = token.endsWith('_unix_nano"');
      return token;
    }
    return time || Number.isSafeInteger(Number(token)) ? token : `"${token}"`;
  }));
}

/** GET that gives JSON or throws an `ApiError`. */
export async function getJson(path, signal) {
  let response;
  let body;
  try {
    response = await fetch(path, { signal, headers: { accept: 'application/json' } });
    body = await response.text();
  } catch (cause) {
    if (cause.name === 'AbortError') throw cause;
    throw new ApiError({ message: `${location.host} is not responding.` });
  }
  let answer = null;
  try {
    answer = parse(body);
  } catch {
    if (response.ok) {
      throw new ApiError({ status: response.status, code: 'not_json', message: `${path} returned a body that is not JSON.`, retryable: false });
    }
  }
  // The session has ended: the document is now the login.
  if (response.status === 401) location.reload();
  if (!response.ok) {
    throw new ApiError({
      status: response.status,
      code: answer?.code ?? 'http',
      message: answer?.message ?? `${path} returned ${response.status} ${response.statusText}.`,
      retryable: answer?.retryable ?? response.status >= 500,
    });
  }
  return answer;
}

/**
 * GET of a list that the backend may return in parts: loads the parts until `most` records are there. `name` is the field
 * of the list. Later parts are added to the first answer, so `truncated` says whether records are still missing.
 */
export const getParts = (name, most) => async (path, signal) => {
  const whole = await getJson(path, signal);
  while (whole.truncated && whole.next && whole[name].length < most) {
    const part = await getJson(`${path}&after=${encodeURIComponent(whole.next)}`, signal);
    if (!part[name].length) break;
    whole[name] = whole[name].concat(part[name]);
    whole.returned = whole[name].length;
    whole.truncated = part.truncated;
    whole.next = part.next;
  }
  return whole;
};

/** A path with those parameters that have a value. */
export function withQuery(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value != null && value !== '' && value !== false) query.set(name, String(value));
  }
  const tail = query.toString();
  return tail ? `${path}?${tail}` : path;
}

/** Whether lists and charts follow what arrives. */
export const live = createStore(true);

/**
 * The status of the backend. `state` is loading, ok or gone. `generation` grows each time the backend comes back, so that
 * failed loads run again.
 */
export const status = createStore({ state: 'loading', data: null, since: null, nextAt: null, tries: 0, generation: 0 });

let timer = null;
let asking = false;

async function poll() {
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  let wait = POLL;
  try {
    const data = await getJson('/api/status');
    status.set((old) => ({
      state: 'ok', data, since: null, nextAt: null, tries: 0,
      generation: old.state === 'gone' ? old.generation + 1 : old.generation,
    }));
  } catch (error) {
    const { tries, since } = status.value;
    wait = BACK_OFF[Math.min(tries, BACK_OFF.length - 1)];
    status.set((old) => ({
      ...old, state: 'gone', error, tries: tries + 1, since: since ?? Date.now(), nextAt: Date.now() + wait,
    }));
  }
  asking = false;
  if (!document.hidden) timer = setTimeout(poll, wait);
}

/** Polls now. */
export const askNow = () => poll();

export function startPolling() {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer);
    else poll();
  });
  poll();
}

/** Changes when new data of this signal has arrived; constant while paused. */
export function useRevision(signal) {
  const following = useStore(live);
  const now = useStore(status, (value) => value.data && `${value.data.received?.[signal]}/${value.data.store?.[signal]}`);
  const kept = useRef(now);
  if (following || kept.current == null) kept.current = now;
  return kept.current;
}

/**
 * Loads a path, and again when `revision` changes. The old data stays until the new data is here. A newer revision never
 * aborts a load, only another path does. `load` replaces `getJson`.
 */
export function useResource(path, revision, load = getJson) {
  const generation = useStore(status, (value) => value.generation);
  const [state, setState] = useState({ path: null, data: null, error: null, loading: true });
  const run = useRef(null);

  useEffect(() => {
    if (!path) return undefined;
    const abort = new AbortController();
    const self = { busy: false, dirty: false, tries: 0, timer: null };
    self.load = async () => {
      if (self.busy) {
        self.dirty = true;
        return;
      }
      clearTimeout(self.timer);
      self.busy = true;
      self.dirty = false;
      setState((old) => (old.path === path ? { ...old, loading: true } : { path, data: null, error: null, loading: true }));
      try {
        const data = await load(path, abort.signal);
        self.tries = 0;
        setState({ path, data, error: null, loading: false });
      } catch (error) {
        if (abort.signal.aborted) return;
        setState((old) => ({ path, data: old.path === path ? old.data : null, error, loading: false }));
        // Unreachable: the status poll knows when it is back and raises the generation.
        if (error.retryable && error.status !== 0) {
          self.timer = setTimeout(self.load, BACK_OFF[Math.min(self.tries, BACK_OFF.length - 1)]);
          self.tries += 1;
        }
      }
      self.busy = false;
      if (self.dirty) self.load();
    };
    run.current = self;
    self.load();
    return () => {
      abort.abort();
      clearTimeout(self.timer);
    };
  }, [path, generation]);

  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else run.current?.load();
  }, [revision]);

  const reload = () => run.current?.load();
  if (!path) return { data: null, error: null, loading: false, reload };
  return state.path === path ? { ...state, reload } : { data: null, error: null, loading: true, reload };
}
