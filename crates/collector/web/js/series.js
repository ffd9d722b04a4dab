// From data points to lines: rates with resets, values, quantiles of histograms, on one grid of times (seconds).
import { text } from './format.js';

const NICE = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];
const BUCKETS = 200;
const LINES = 12;
const QUANTILES = [['p50', 0.5], ['p95', 0.95], ['p99', 0.99]];

const seconds = (nanos) => Number(nanos) / 1e9;

// A point may say that nothing was recorded, or hold what is no number: neither is a zero.
const measured = (points) => points.filter((point) => point.value != null && Number.isFinite(Number(point.value)));

/**
 * What was added between two points, for cumulative and delta streams alike. A cumulative stream that starts anew
 * (later start time, or a value that fell) counts from zero; the first point of a stream that is older than the
 * window is only a baseline, because how much of it belongs here cannot be known. The only point of a stream without a
 * start time counts from zero: a short process sends no more than that.
 */
function increments(points, cumulative, windowStart, read, subtract, smaller) {
  const sorted = [...points].sort((a, b) => a.time_unix_nano - b.time_unix_nano);
  const found = [];
  let before = null;
  for (const point of sorted) {
    const to = seconds(point.time_unix_nano);
    const start = seconds(point.start_unix_nano ?? 0);
    if (before && to <= before.to) continue; // reordered or repeated
    const now = read(point);
    if (!cumulative) {
      found.push({ from: start > 0 && start < to ? start : before?.to ?? to - 1, to, amount: now });
    } else if (before && start < before.to && !smaller(now, before.now)) {
      found.push({ from: before.to, to, amount: subtract(now, before.now) });
    } else if (before || start >= windowStart || (sorted.length === 1 && start === 0)) {
      found.push({ from: Math.max(before?.to ?? 0, start > 0 && start < to ? start : to - 1), to, amount: now });
    }
    before = { to, now };
  }
  return found;
}

// A histogram as cells "lower:upper" → count, so that explicit and exponential ones merge alike.
function readHistogram(point) {
  const cells = new Map();
  const add = (lower, upper, amount) => amount > 0 && cells.set(`${lower}:${upper}`, (cells.get(`${lower}:${upper}`) ?? 0) + Number(amount));
  const least = Number.isFinite(point.min) ? point.min : null;
  const most = Number.isFinite(point.max) ? point.max : null;
  if (point.buckets && Array.isArray(point.bounds)) {
    const bounds = point.bounds.map(Number); // an infinite bound is text in JSON
    // One bucket without bounds says nothing about how values are spread, beyond its least and its most.
    if (bounds.length === 0 && least != null && most != null) add(least, most, point.count);
    else if (bounds.length > 0) point.buckets.forEach((amount, i) => {
      const lower = i > 0 ? bounds[i - 1] : Math.min(0, bounds[0]);
      const upper = Number.isFinite(bounds[i]) ? bounds[i] : Math.max(most ?? lower, lower);
      add(lower, upper, amount);
    });
  } else if (point.scale != null) {
    const base = 2 ** (2 ** -point.scale);
    const side = (buckets, sign) => {
      const offset = Number(buckets?.offset ?? 0);
      (buckets?.buckets ?? buckets?.bucket_counts ?? []).forEach((amount, i) => {
        const near = base ** (offset + i);
        const far = base ** (offset + i + 1);
        if (sign > 0) add(near, far, amount);
        else add(-far, -near, amount);
      });
    };
    side(point.positive, 1);
    side(point.negative, -1);
    add(0, 0, point.zero_count ?? 0);
  }
  return { count: Number(point.count ?? 0), sum: Number.isFinite(point.sum) ? point.sum : 0, cells, scale: point.scale ?? null, least, most };
}

function subtractHistogram(now, before) {
  // After a change of scale the cells no longer match: then the whole is taken and scaled to what was added.
  const added = now.count - before.count;
  const cells = new Map();
  if (now.scale === before.scale) {
    for (const [cell, amount] of now.cells) {
      const rest = amount - (before.cells.get(cell) ?? 0);
      if (rest > 0) cells.set(cell, rest);
    }
  } else if (now.count > 0) {
    for (const [cell, amount] of now.cells) cells.set(cell, (amount * added) / now.count);
  }
  return { count: added, sum: now.sum - before.sum, cells, scale: now.scale, least: now.least, most: now.most };
}

function mergeHistogram(into, from, share = 1) {
  into.count += from.count * share;
  into.sum += from.sum * share;
  for (const [cell, amount] of from.cells) into.cells.set(cell, (into.cells.get(cell) ?? 0) + amount * share);
  if (from.least != null) into.least = Math.min(into.least ?? Infinity, from.least);
  if (from.most != null) into.most = Math.max(into.most ?? -Infinity, from.most);
}

const emptyHistogram = () => ({ count: 0, sum: 0, cells: new Map(), least: null, most: null });

/** The quantile of merged cells, by a straight line inside the cell; null when nothing was counted. */
function quantile(histogram, q) {
  const cells = [...histogram.cells].map(([cell, amount]) => {
    const [lower, upper] = cell.split(':').map(Number);
    return { lower, upper, amount };
  }).sort((a, b) => a.upper - b.upper || a.lower - b.lower);
  const whole = cells.reduce((all, cell) => all + cell.amount, 0);
  if (!(whole > 0)) return null;
  let rank = q * whole;
  for (const { lower, upper, amount } of cells) {
    if (rank <= amount) {
      const value = lower + (upper - lower) * (rank / amount);
      return Math.min(histogram.most ?? Infinity, Math.max(histogram.least ?? -Infinity, value));
    }
    rank -= amount;
  }
  return cells.at(-1).upper;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.floor(sorted.length / 2)] : 0;
}

function grid(from, to, interval) {
  const least = Math.max((to - from) / BUCKETS, interval, 1);
  const step = NICE.find((one) => one >= least * 0.999) ?? Math.ceil(least);
  const start = Math.floor(from / step) * step;
  const times = [];
  for (let time = start + step; time < to + step; time += step) times.push(time);
  return { step, start, times };
}

// Shares an increment over the steps that it covers.
function spread({ from, to, amount }, { step, start, times }, put) {
  const first = Math.max(0, Math.floor((from - start) / step + 1e-9));
  const last = Math.min(times.length - 1, Math.ceil((to - start) / step - 1e-9) - 1);
  const length = Math.max(1e-9, to - from);
  for (let i = first; i <= last; i += 1) {
    const low = Math.max(from, start + i * step);
    const high = Math.min(to, start + (i + 1) * step);
    if (high > low) put(i, amount, (high - low) / length);
  }
}

const RESOURCE = 'resource ';
const scopeName = (one) => [one.scope?.name, one.scope?.version].filter(Boolean).join(' ') || 'no scope';

/**
 * The series by what they measure: series that differ in unit, kind, temporality or monotonicity cannot share a chart. Gives
 * `[{metric, series}]`, the largest first.
 */
export function variants(metric, series) {
  const found = new Map();
  for (const one of series) {
    const { unit = metric.unit, kind = metric.kind, temporality = metric.temporality, monotonic = metric.monotonic } = one;
    const key = JSON.stringify([unit, kind, temporality, monotonic]);
    if (!found.has(key)) found.set(key, { key, metric: { ...metric, unit, kind, temporality, monotonic }, series: [] });
    found.get(key).series.push(one);
  }
  return [...found.values()].sort((a, b) => b.series.length - a.series.length);
}

/** By which attributes the series can be told apart: those with more than one value. */
export function splits(series) {
  const values = new Map();
  const note = (name, value) => values.set(name, (values.get(name) ?? new Set()).add(value));
  for (const one of series) {
    note('service', one.service);
    note('instance', one.instance ?? '–');
    note('scope', scopeName(one));
    for (const [name, value] of Object.entries(one.resource ?? {})) {
      if (!name.startsWith('service.')) note(`${RESOURCE}${name}`, text(value));
    }
    for (const [name, value] of Object.entries(one.attributes)) note(name, text(value));
  }
  return [...values].filter(([, seen]) => seen.size > 1).map(([name]) => name);
}

function groupKey(one, by) {
  if (!by) return '';
  if (by === 'service') return one.service;
  if (by === 'instance') return one.instance ?? '–';
  if (by === '*') return [one.service, ...Object.values(one.attributes).map(text)].join(' · ');
  if (by === 'scope') return scopeName(one);
  if (by.startsWith(RESOURCE)) return text(one.resource?.[by.slice(RESOURCE.length)]) || `no ${by}`;
  return one.attributes[by] == null ? `no ${by}` : text(one.attributes[by]);
}

/**
 * Lines for a metric. `by` splits by `service`, `instance`, an attribute, or `*` for every series; `stat` names the
 * quantile that a split histogram shows. Gives `{times, panels: [{title, unit, lines: [{label, service, values}]}], facts}`.
 */
export function prepare(metric, series, { from, to, by = '', stat = 'p95' }) {
  const groups = new Map();
  for (const one of series) {
    const key = groupKey(one, by);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(one);
  }
  const kind = metric.kind;
  const histogram = kind === 'histogram' || kind === 'exponential_histogram';
  if (histogram) return histograms(metric, groups, { from, to, by, stat });
  if (kind === 'sum' && metric.monotonic !== false) return rates(metric, groups, { from, to });
  if (kind === 'summary') return summaries(metric, groups, { from, to, by });
  return values(metric, groups, { from, to });
}

// How many seconds each step counts for a rate. A long increment that starts or ends within the first or last step covers
// only a part of it; over the whole step it would look like a fall that never was.
function widths(increments, { step, start, times }) {
  const widths = times.map(() => step);
  for (const i of new Set([0, times.length - 1])) {
    const low = start + i * step;
    const covering = increments.filter((one) => one.from < low + step && one.to > low);
    if (covering.length === 0 || covering.some((one) => one.to - one.from < step * 0.999)) continue;
    widths[i] = Math.min(low + step, Math.max(...covering.map((one) => one.to))) - Math.max(low, Math.min(...covering.map((one) => one.from)));
  }
  return widths;
}

const perSecond = (unit) => (unit === 'By' ? 'By/s' : unit && unit !== '1' ? `${unit}/s` : '/s');

function gridFor(added, { from, to }) {
  const all = added.flatMap(([, list]) => list);
  if (!all.length) return null;
  const begin = Math.max(from, Math.min(...all.map((one) => one.from)));
  const end = Math.min(to, Math.max(...all.map((one) => one.to)));
  const room = Math.max(0, 30 - (end - begin)) / 2; // a single export still gets a chart that is wide enough to read
  const plan = grid(begin - room, end + room, median(all.map((one) => one.to - one.from)));
  return { ...plan, widths: widths(all, plan) };
}

const nothing = (facts = []) => ({ times: [], panels: [], facts, hidden: 0 });

function largest(entries, weight) {
  const sorted = [...entries].sort((a, b) => weight(b) - weight(a));
  return { shown: sorted.slice(0, LINES), hidden: Math.max(0, sorted.length - LINES) };
}

const serviceOf = (list) => (new Set(list.map((one) => one.service)).size === 1 ? list[0].service : null);

function rates(metric, groups, window) {
  const cumulative = metric.temporality !== 'delta';
  const added = [...groups].map(([key, list]) => [key, list.flatMap((one) => increments(
    measured(one.points), cumulative, window.from, (point) => Number(point.value), (a, b) => a - b, (a, b) => a < b,
  )), list]);
  const plan = gridFor(added, window);
  if (!plan) return nothing();
  let total = 0;
  const lines = added.map(([key, list, members]) => {
    const sums = Array(plan.times.length).fill(null);
    let own = 0;
    for (const one of list) {
      own += one.amount;
      spread(one, plan, (i, amount, share) => {
        sums[i] = (sums[i] ?? 0) + amount * share;
      });
    }
    total += own;
    return { label: key || metric.name, service: serviceOf(members), own, values: sums.map((value, i) => (value == null ? null : value / plan.widths[i])) };
  });
  const { shown, hidden } = largest(lines, (line) => line.own);
  return {
    times: plan.times, hidden, panels: [{ title: 'rate', unit: perSecond(metric.unit), lines: shown }],
    facts: [['total in this range', total, metric.unit]],
  };
}

function histograms(metric, groups, { from, to, by, stat }) {
  const cumulative = metric.temporality !== 'delta';
  const added = [...groups].map(([key, list]) => [key, list.flatMap((one) => increments(
    one.points, cumulative, from, readHistogram, subtractHistogram, (a, b) => a.count < b.count,
  )), list]);
  const plan = gridFor(added, { from, to });
  if (!plan) return nothing();
  const whole = emptyHistogram();
  const parts = added.map(([key, list, members]) => {
    const steps = Array(plan.times.length).fill(null);
    let own = 0;
    for (const one of list) {
      own += one.amount.count;
      mergeHistogram(whole, one.amount);
      spread(one, plan, (i, amount, share) => {
        steps[i] ??= emptyHistogram();
        mergeHistogram(steps[i], amount, share);
      });
    }
    return { label: key, service: serviceOf(members), own, steps };
  });
  const { shown, hidden } = largest(parts, (part) => part.own);
  const q = QUANTILES.find(([name]) => name === stat) ?? QUANTILES[1];
  const line = (part, label, value) => ({ label, service: part.service, values: part.steps.map((step, i) => (step ? value(step, plan.widths[i]) : null)) });
  const panels = [by
    ? { title: q[0], unit: metric.unit, lines: shown.map((part) => line(part, part.label, (step) => quantile(step, q[1]))) }
    : { title: 'quantiles', unit: metric.unit, quantiles: true, lines: QUANTILES.map(([name, value]) => line(parts[0], name, (step) => quantile(step, value))) },
  { title: 'count', unit: '/s', lines: shown.map((part) => line(part, part.label || 'count', (step, width) => step.count / width)) }];
  if (!['s', 'ms', 'us', 'ns', '', '1', null, undefined].includes(metric.unit)) {
    panels.push({ title: 'sum', unit: perSecond(metric.unit), lines: shown.map((part) => line(part, part.label || 'sum', (step, width) => step.sum / width)) });
  }
  const facts = [['measured', whole.count, ''], ...QUANTILES.map(([name, value]) => [name, quantile(whole, value), metric.unit]),
    ['mean', whole.count > 0 ? whole.sum / whole.count : null, metric.unit], ['highest', whole.most, metric.unit]];
  return { times: plan.times, panels, hidden, facts: facts.filter(([, value]) => value != null) };
}

function gauges(list, window) {
  const points = list.flatMap((one) => one.points).map((point) => seconds(point.time_unix_nano)).sort((a, b) => a - b);
  if (!points.length) return null;
  const gaps = list.map((one) => one.points.map((point) => seconds(point.time_unix_nano)).sort((a, b) => a - b))
    .flatMap((times) => times.slice(1).map((time, i) => time - times[i]));
  const begin = Math.max(window.from, points[0]);
  const end = Math.min(window.to, points.at(-1));
  const room = Math.max(0, 30 - (end - begin)) / 2;
  return grid(begin - room, end + room, median(gaps));
}

function values(metric, groups, window) {
  const plan = gauges([...groups.values()].flat(), window);
  if (!plan) return nothing();
  const delta = metric.temporality === 'delta';
  const lines = [...groups].map(([key, list]) => {
    const sums = Array(plan.times.length).fill(null);
    for (const one of list) {
      const last = Array(plan.times.length).fill(null);
      const points = measured(one.points).sort((a, b) => a.time_unix_nano - b.time_unix_nano);
      const interval = median(points.slice(1).map((point, i) => seconds(point.time_unix_nano) - seconds(points[i].time_unix_nano)));
      let level = 0;
      let before = null;
      for (const point of points) {
        const time = seconds(point.time_unix_nano);
        const i = Math.ceil((time - plan.start) / plan.step - 1e-9) - 1;
        // Between two reports the level stays, or a sum over series would dip wherever one of them reports less often.
        if (before && time - before.time <= interval * 3) last.fill(level, Math.max(0, before.i + 1), Math.max(0, Math.min(i, last.length)));
        level = delta ? level + Number(point.value) : Number(point.value);
        if (i >= 0 && i < last.length) last[i] = level;
        before = { time, i };
      }
      last.forEach((value, i) => {
        if (value != null) sums[i] = (sums[i] ?? 0) + value;
      });
    }
    return { label: key || metric.name, service: serviceOf(list), own: Math.max(...sums.map((value) => Math.abs(value ?? 0))), values: sums };
  });
  const { shown, hidden } = largest(lines, (line) => line.own);
  return { times: plan.times, hidden, panels: [{ title: metric.kind === 'gauge' ? 'value' : 'level', unit: metric.unit, lines: shown }], facts: [] };
}

function summaries(metric, groups, window) {
  const plan = gauges([...groups.values()].flat(), window);
  if (!plan) return nothing();
  const lines = new Map();
  for (const [key, list] of groups) {
    for (const one of list) {
      for (const point of one.points) {
        const i = Math.ceil((seconds(point.time_unix_nano) - plan.start) / plan.step - 1e-9) - 1;
        for (const { quantile: q, value } of point.quantiles ?? []) {
          const label = `${key ? `${key} · ` : ''}p${Number((q * 100).toFixed(2))}`;
          if (!lines.has(label)) lines.set(label, { label, service: serviceOf(list), values: Array(plan.times.length).fill(null) });
          if (i >= 0 && i < plan.times.length && Number.isFinite(value)) lines.get(label).values[i] = value;
        }
      }
    }
  }
  const shown = [...lines.values()].slice(0, LINES);
  return { times: plan.times, hidden: lines.size - shown.length, panels: [{ title: 'quantiles', unit: metric.unit, lines: shown }], facts: [] };
}

/** The highest measurements that name the trace they belong to. */
export function exemplars(series, most = 6) {
  return series.flatMap((one) => one.points.flatMap((point) => (point.exemplars ?? [])
    .filter((example) => example.trace_id && Number.isFinite(example.value)).map((example) => ({ ...example, service: one.service }))))
    .sort((a, b) => b.value - a.value).filter((example, i, all) => all.findIndex((other) => other.trace_id === example.trace_id && other.span_id === example.span_id) === i)
    .slice(0, most);
}
