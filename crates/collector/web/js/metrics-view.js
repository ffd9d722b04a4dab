// Metrics: the list of instruments, and the charts of one of them.
import { Dot, Empty, Failed, Loading, html, useEffect, useMemo, useRef, useStore } from './ui.js';
import { status, useResource, useRevision, withQuery } from './api.js';
import { address, count, moment, plural, quantity, shortId, unitName } from './format.js';
import { go, link, route, setParams } from './router.js';
import { useKeys } from './keys.js';
import { SearchProblem, parseSearch } from './search.js';
import { Chart } from './chart.js';
import { exemplars, prepare, splits, variants } from './series.js';

const HOUR = 3600;
const RANGES = { '5m': 300, '15m': 900, '1h': HOUR, '6h': 21_600, '24h': 86_400, all: Infinity };

const KINDS = { sum: 'counter', gauge: 'gauge', histogram: 'histogram', exponential_histogram: 'histogram', summary: 'summary' };
const kindOf = (metric) => (metric.kind === 'sum' && metric.monotonic === false ? 'up-down counter' : KINDS[metric.kind] ?? metric.kind);

// What an agent's owner looks for first: the model, then the services, then the machine.
const ORDER = ['gen_ai', 'glassbox', 'http', 'rpc', 'db'];
const family = (name) => name.split(/[._]/)[0] === 'gen' ? 'gen_ai' : name.split('.')[0];

export function MetricsView() {
  const { id, params } = useStore(route);
  const query = params.get('q') ?? '';
  const wanted = useMemo(() => parseSearch(query, 'metrics'), [query]);
  const resource = useResource(withQuery('/api/otel/metrics', { service: wanted.service, limit: 10_000 }), useRevision('data_points'));
  const list = useRef(null);
  const metrics = useMemo(() => {
    const all = resource.data?.metrics ?? [];
    const rank = (metric) => {
      const at = ORDER.indexOf(family(metric.name));
      return at < 0 ? ORDER.length : at;
    };
    const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
    return all.filter((metric) => words.every((word) => `${metric.name} ${metric.unit} ${metric.description} ${metric.services.join(' ')}`.toLowerCase().includes(word)))
      .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  }, [resource.data, wanted]);
  const shown = id ?? metrics[0]?.name;
  const at = metrics.findIndex((metric) => metric.name === shown);
  const keep = (name) => link('metrics', name, { q: query, since: params.get('since') });
  const open = (metric) => (metric ? (go(keep(metric.name)), true) : false);
  const step = (by) => () => open(metrics[Math.max(0, Math.min(metrics.length - 1, at + by))]);
  useKeys({ j: step(1), k: step(-1), ArrowDown: step(1), ArrowUp: step(-1), Escape: () => (query ? (setParams({ q: null }), true) : false) });
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [shown]);
  useEffect(() => {
    document.title = `${id ?? 'Metrics'} — Glassbox`;
  }, [id]);

  let last = null;
  return html`<main class=${`panes two${id ? ' chosen' : ''}`}>
    <section class="list" ref=${list} aria-label="Metrics">
      <h1 class="unseen">Metrics</h1>
      <div class="caption">${resource.data ? plural(metrics.length, 'metric') : 'Metrics'}</div>
      <${SearchProblem} problem=${wanted.problem} />
      ${resource.error && html`<${Failed} error=${resource.error} what="The list of metrics" onRetry=${resource.reload} />`}
      ${!resource.data && resource.loading && html`<${Loading} what="metrics" />`}
      ${resource.data && !metrics.length && html`<${NoMetrics} query=${query} />`}
      <ol class="runs">${metrics.map((metric) => {
        const group = family(metric.name);
        const heading = group === last ? null : group;
        last = group;
        return html`<li key=${metric.name}>${heading && html`<div class="day">${heading}</div>`}
          <a class=${`run metric${metric.name === shown ? ' on' : ''}`} href=${keep(metric.name)} aria-current=${metric.name === shown ? 'true' : undefined} title=${metric.description}>
            <b class="plain">${metric.name}</b><span></span>
            <span class="facts1">${kindOf(metric)}${unitName(metric.unit) && ` · ${unitName(metric.unit)}`}</span>
            <span class="r dots">${metric.services.slice(0, 6).map((service) => html`<${Dot} service=${service} />`)}</span></a></li>`;
      })}</ol>
    </section>
    ${shown ? html`<${Metric} key=${shown} name=${shown} service=${wanted.service} last=${metrics[at]?.last_unix_nano} />` : html`<section class="detail"></section>`}
  </main>`;
}

function NoMetrics({ query }) {
  const endpoints = useStore(status, (value) => value.data?.endpoints);
  if (query) {
    return html`<${Empty} title="No metric matches."><button type="button" class="btn" onClick=${() => setParams({ q: null })}>Clear the search</button><//>`;
  }
  return html`<${Empty} title="No metrics yet."><p class="dim">By default, SDKs export metrics every 60 s. Set OTEL_METRIC_EXPORT_INTERVAL to see them sooner.${endpoints ? ` Send them to ${address(endpoints.http)} or ${address(endpoints.grpc)}.` : ''}</p><//>`;
}

function Metric({ name, service, last }) {
  const { params } = useStore(route);
  const since = params.get('since') ?? '';
  // Without a choice it is the last hour, or everything once the newest point is older than that.
  const old = useMemo(() => last != null && last / 1e9 < Date.now() / 1000 - HOUR, [last]);
  const range = RANGES[since] ?? (old ? Infinity : HOUR);
  const by = params.get('by');
  const stat = params.get('stat') ?? 'p95';
  // A little more than is shown, so that the first step of a cumulative stream has something to be compared with.
  const path = withQuery('/api/otel/metrics', { name, service, since: Number.isFinite(range) && `${Math.ceil(range / 60) + 3}m`, limit: 10_000 });
  const resource = useResource(path, useRevision('data_points'));
  const { data } = resource;
  const ways = useMemo(() => splits(data?.series ?? []), [data]);
  const split = by ?? (data?.metric?.kind === 'gauge' ? '*' : '');
  const ready = useMemo(() => {
    if (!data?.metric) return null;
    const now = Date.now() / 1000;
    const window = { from: Math.max(0, now - range), to: now + 5, by: split, stat };
    return variants(data.metric, data.series).map((one) => ({ ...one, ...prepare(one.metric, one.series, window) }));
  }, [data, split, stat, range]);

  if (resource.error && !data) return html`<section class="detail"><${Failed} error=${resource.error} what=${name} onRetry=${resource.reload} /></section>`;
  if (!data) return html`<section class="detail"><${Loading} what=${name} /></section>`;
  if (!data.metric && last != null) {
    return html`<section class="detail"><${Empty} title="No points in this range."><p class="dim mono">${name}</p><p class="dim">The newest point was recorded at ${moment(last)}.</p>
      <button type="button" class="btn" onClick=${() => setParams({ since: 'all' })}>Show all</button><//></section>`;
  }
  if (!data.metric) return html`<section class="detail"><${Empty} title="No such metric."><p class="dim mono">${name}</p><p class="dim">It has not arrived yet, or it was pruned. The page keeps checking.</p><//></section>`;
  const { metric } = data;
  const histogram = ready.some((one) => one.metric.kind.endsWith('histogram'));
  const examples = exemplars(data.series);
  return html`<section class="detail" aria-label=${name}>
    <div class="head stick"><h1>${metric.name}</h1>
      <div class="facts"><span>${kindOf(metric)}${metric.temporality ? `, ${metric.temporality}` : ''}</span>
        ${unitName(metric.unit) && html`<span>${unitName(metric.unit)}</span>`}
        <span>${plural(data.series.length, 'series', 'series')} · ${plural(data.returned, 'point')}${data.returned < data.total ? ` of ${count(data.total)}` : ''}</span>
        ${since === '' && old && html`<span class="warn">no points in the last hour, showing all time</span>`}
        ${metric.services.map((one) => html`<span><${Dot} service=${one} /> ${one}</span>`)}</div>
      ${metric.description && html`<p class="dim">${metric.description}</p>`}
      <div class="controls"><label>Split by <select class="pill" value=${split} onChange=${(event) => setParams({ by: event.currentTarget.value || (metric.kind === 'gauge' ? 'none' : null) })}>
        <option value="">none</option>
        ${ways.map((way) => html`<option value=${way} selected=${way === split}>${way}</option>`)}
        <option value="*" selected=${split === '*'}>every series</option></select></label>
        ${histogram && split && html`<label>Quantile <select class="pill" value=${stat} onChange=${(event) => setParams({ stat: event.currentTarget.value })}>
          ${['p50', 'p95', 'p99'].map((one) => html`<option value=${one} selected=${one === stat}>${one}</option>`)}</select></label>`}</div>
    </div>
    ${metric.conflicts?.length > 0 && html`<ul class="hint warn" role="note">${metric.conflicts.map((one) => html`<li>${one}</li>`)}</ul>`}
    ${ready.every((one) => one.panels.length === 0) && html`<${Empty} title="No points in this range."><p class="dim">Choose a longer range.</p><//>`}
    ${ready.filter((one) => one.panels.length > 0).map((one) => html`<${Variant} key=${one.key} ...${one} alone=${ready.length === 1} />`)}
    ${examples.length > 0 && html`<h2>Highest examples</h2><ul class="examples">${examples.map((one) => html`<li key=${one.trace_id + one.span_id}>
      <b>${quantity(one.value, metric.unit)}</b> <span class="dim">${moment(one.time_unix_nano)} · ${one.service}</span>
      <a class="mono" href=${link('runs', one.trace_id, { span: one.span_id })}>${shortId(one.trace_id)}</a></li>`)}</ul>`}
    <div class="tail"></div>
  </section>`;
}

/** The charts of series that can be shown together. */
function Variant({ metric, series, panels, facts, times, hidden, alone }) {
  return html`${!alone && html`<h2>${kindOf(metric)}${metric.temporality ? `, ${metric.temporality}` : ''}${unitName(metric.unit) && `, ${unitName(metric.unit)}`} · ${plural(series.length, 'series', 'series')}</h2>`}
    ${facts.length > 0 && html`<dl class="numbers">${facts.map(([label, value, unit]) => html`<div><dt>${label}</dt><dd>${unit === '' ? count(value) : quantity(value, unit)}</dd></div>`)}</dl>`}
    ${panels.map((panel) => html`<${Chart} key=${panel.title} times=${times} ...${panel} />`)}
    ${hidden > 0 && html`<p class="hint">The ${panels[0].lines.length} largest series are shown, ${count(hidden)} are hidden.</p>`}`;
}
