// Numbers, times and identifiers as people read them.

const THIN = '\u202f';

/** 1114 → "1 114". */
export function count(value) {
  if (value == null || Number.isNaN(Number(value))) return '–';
  return String(Math.round(Number(value))).replace(/\B(?=(\d{3})+$)/g, THIN);
}

/** "1 span", "2 spans". */
export function plural(value, one, many = `${one}s`) {
  return `${count(value)} ${Number(value) === 1 ? one : many}`;
}

function digits(value, places) {
  return value.toFixed(places);
}

/** Nanoseconds → "2.31 s". */
export function duration(nanos) {
  if (nanos == null) return '–';
  const ns = Math.max(0, Number(nanos));
  if (ns === 0) return '0';
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  if (ns < 999.5e3) return `${digits(ns / 1e3, ns < 1e4 ? 1 : 0)} µs`;
  if (ns < 999.5e6) return `${digits(ns / 1e6, ns < 1e7 ? 1 : 0)} ms`;
  if (ns < 59.995e9) return `${digits(ns / 1e9, ns < 10e9 ? 2 : 1)} s`;
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60 * 48) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** 0.00312 → "$0.0031". */
export function dollars(value) {
  return `$${value === 0 ? '0' : value < 0.01 ? Number(value.toPrecision(2)) : value.toFixed(value < 1 ? 3 : 2)}`;
}

/** 38123456 → "36 MiB": in the units in which a cap is set. */
export function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = Number(value ?? 0);
  let unit = 0;
  while (amount >= 1023.5 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${digits(amount, unit > 0 && amount < 9.95 && !Number.isInteger(amount) ? 1 : 0)} ${units[unit]}`;
}

const two = (value) => String(value).padStart(2, '0');

/** Local "21:16:42". */
export function clock(nanos) {
  const date = new Date(Number(nanos) / 1e6);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Local "21:16:42.577". */
export function clockMillis(nanos) {
  const date = new Date(Number(nanos) / 1e6);
  return `${clock(nanos)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** "Today", "Yesterday" or "Fri 20 Nov 2026". */
export function day(nanos, now = Date.now()) {
  const date = new Date(Number(nanos) / 1e6);
  const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(now) - midnight(date.getTime())) / 86_400_000);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return date.toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
}

/** Date and time for a tooltip. */
export function moment(nanos) {
  const date = new Date(Number(nanos) / 1e6);
  return `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })} ${clockMillis(nanos)}`;
}

/** When a log record was written, or else when it was first seen. */
export const recordTime = (record) => record.time_unix_nano || record.observed_unix_nano;

/** "5b8efff7…c60c". */
export function shortId(id) {
  return id.length > 16 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
}

const CAPABILITY = /^[A-Z]+ \/v1\/capabilities\/([^/{}]+)$/;

/** The title of a run: its question, or else what was called, or the name of its root span. */
export function runTitle(run) {
  if (run.question) return run.question;
  const called = CAPABILITY.exec(run.root_name ?? '');
  if (called) return `${run.root_service} · ${called[1]}`;
  return run.root_name ?? `Trace ${shortId(run.trace_id)}`;
}

/** "http://127.0.0.1:4318" → "127.0.0.1:4318". */
export function address(url) {
  return String(url ?? '').replace(/^https?:\/\//, '').replace(/\/$/, '');
}

// Maps, because a sender may call a unit `constructor`.
const SECONDS = new Map([['s', 1], ['ms', 1e-3], ['us', 1e-6], ['µs', 1e-6], ['ns', 1e-9], ['min', 60], ['h', 3600]]);
const UNIT_NAMES = new Map([['By', 'bytes'], ['By/s', 'bytes per second'], ['s', 'seconds'], ['ms', 'milliseconds']]);

/** A quantity in a UCUM unit, short enough for an axis. */
export function quantity(value, unit = '') {
  if (value == null || Number.isNaN(value)) return '–';
  const sign = value < 0 ? '−' : '';
  const size = Math.abs(value);
  const seconds = SECONDS.get(unit);
  if (seconds) return sign + duration(size * seconds * 1e9);
  if (unit === 'By') return sign + bytes(size);
  if (unit === 'By/s') return `${sign}${bytes(size)}/s`;
  if (unit === '%') return `${sign}${plain(size)} %`;
  return sign + plain(size);
}

function plain(size) {
  if (size === 0) return '0';
  if (size >= 1e9) return `${digits(size / 1e9, size < 1e10 ? 1 : 0)} G`;
  if (size >= 1e6) return `${digits(size / 1e6, size < 1e7 ? 1 : 0)} M`;
  if (size >= 1000) return count(size);
  if (size >= 100) return digits(size, 0);
  if (size >= 10) return digits(size, Number.isInteger(size) ? 0 : 1);
  if (Number.isInteger(size)) return String(size);
  return size < 0.01 ? size.toPrecision(2) : digits(size, 2);
}

/** "{token}" → "tokens", "s" → "s"; the name of a unit for a caption. */
export function unitName(unit) {
  if (!unit || unit === '1') return '';
  const annotation = /^\{(.+)\}(\/s)?$/.exec(unit);
  if (annotation) return `${annotation[1]}s${annotation[2] ? ' per second' : ''}`;
  return UNIT_NAMES.get(unit) ?? unit;
}

/** Any JSON value as text: strings as they are, the rest as JSON. */
export function text(value) {
  if (value == null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** JSON inside a string, opened; otherwise the value as it is. */
export function opened(value) {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
