// Services: what the registry knows and what telemetry has shown, with the tools that each service offers.
import { Dot, Empty, Failed, Loading, html, useEffect, useMemo, useState, useStore } from './ui.js';
import { live, useResource, useRevision } from './api.js';
import { clock, count, day, duration, plural, text } from './format.js';
import { link, route, setParams } from './router.js';
import { useKeys } from './keys.js';
import { Value } from './attributes.js';
import { SearchProblem, parseSearch } from './search.js';

const EVERY = 5_000;

export function ServicesView() {
  const { params } = useStore(route);
  const query = params.get('q') ?? '';
  const following = useStore(live);
  const [turn, setTurn] = useState(0);
  const registry = useResource('/v1/registry/services', turn);
  const absent = registry.error?.status === 404;
  useEffect(() => {
    // Where there is no registry there will be none before a restart.
    if (!following || absent) return undefined;
    const timer = setInterval(() => !document.hidden && setTurn((n) => n + 1), EVERY);
    return () => clearInterval(timer);
  }, [following, absent]);
  const traces = useResource('/api/otel/traces?limit=1000', useRevision('spans'));
  useKeys({ Escape: () => (query ? (setParams({ q: null }), true) : false) });

  const wanted = useMemo(() => parseSearch(query, 'services'), [query]);
  const words = `${wanted.text} ${wanted.service ?? ''}`.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (...parts) => words.every((word) => parts.join(' ').toLowerCase().includes(word));

  const registered = registry.data?.services ?? [];
  const seen = useMemo(() => {
    const found = new Map();
    for (const run of traces.data?.traces ?? []) {
      for (const { name, spans, errors } of run.services) {
        const one = found.get(name) ?? { name, runs: 0, spans: 0, errors: 0, last: 0 };
        one.runs += 1;
        one.spans += spans;
        one.errors += errors;
        one.last = Math.max(one.last, run.end_unix_nano);
        found.set(name, one);
      }
    }
    return [...found.values()].sort((a, b) => b.last - a.last);
  }, [traces.data]);
  const shown = registered.filter((one) => fits(one.name, one.endpoint, one.kind, ...(one.capabilities ?? []).flatMap((tool) => [tool.name, tool.description ?? ''])));
  const active = seen.filter((one) => fits(one.name));

  return html`<main class="plain-page">
    <${SearchProblem} problem=${wanted.problem} />
    <h1>Registered</h1>
    ${absent && html`<p class="dim">This backend serves no registry. <code>glassbox up</code> and <code>glassbox demo</code> do; point services to it with <code>GLASSBOX_REGISTRY_URL=${location.origin}</code>.</p>`}
    ${registry.error && !absent && !registry.data && html`<${Failed} error=${registry.error} what="The registry" onRetry=${registry.reload} />`}
    ${!registry.data && registry.loading && !registry.error && html`<${Loading} what="the registry" />`}
    ${registry.data && !shown.length && html`<p class="dim">${registered.length ? 'No registered service matches.' : 'No services are registered. Registrations expire when a service stops.'}</p>`}
    <div class="services">${shown.map((service) => html`<${Registered} key=${service.instance ?? service.name} service=${service} />`)}</div>
    <h1>Seen in runs</h1>
    ${traces.error && !traces.data && html`<${Failed} error=${traces.error} what="The runs" onRetry=${traces.reload} />`}
    ${traces.data && !active.length && html`<${Empty} title=${seen.length ? 'No service matches.' : 'No spans received yet.'} />`}
    ${active.length > 0 && html`<table class="table"><thead><tr><th scope="col">service</th><th scope="col">runs</th><th scope="col">spans</th><th scope="col">errors</th><th scope="col">last seen</th></tr></thead>
      <tbody>${active.map((one) => html`<tr key=${one.name}><th scope="row"><a href=${link('runs', null, { q: `service=${/\s/.test(one.name) ? `"${one.name}"` : one.name}` })}><${Dot} service=${one.name} /> ${one.name}</a></th>
        <td>${count(one.runs)}</td><td>${count(one.spans)}</td><td class=${one.errors ? 'err' : 'faint'}>${count(one.errors)}</td><td class="dim">${day(one.last)} ${clock(one.last)}</td></tr>`)}</tbody></table>
      ${traces.data.returned < traces.data.total && html`<p class="hint">Based on the newest ${plural(traces.data.returned, 'run')} of ${count(traces.data.total)}.</p>`}`}
  </main>`;
}

const HEALTH = { ready: '', draining: 'warn', unhealthy: 'err' };

function Registered({ service }) {
  const tools = service.capabilities ?? [];
  return html`<section class="service">
    <h2><${Dot} service=${service.name} /> ${service.name} <span class="dim">${service.kind}</span><span class="push"></span>
      <span class=${HEALTH[service.health] ?? 'dim'}>${service.health}</span></h2>
    <div class="dim mono">${service.endpoint}</div>
    ${tools.length > 0 && html`<ul class="tools">${tools.map((tool) => html`<li key=${tool.name}><${Tool} tool=${tool} /></li>`)}</ul>`}
  </section>`;
}

function Tool({ tool }) {
  const [open, setOpen] = useState(false);
  const { name, description, input, output, timeout_ms: timeout, ...rest } = tool;
  const facts = Object.entries(rest).filter(([, value]) => value != null && typeof value !== 'object').map(([key, value]) => `${key} ${text(value).replaceAll('_', '-')}`);
  if (timeout != null) facts.push(`timeout ${duration(timeout * 1e6)}`);
  return html`<b>${name}</b> <span class="dim">${description}</span>
    ${facts.length > 0 && html`<div class="faint small">${facts.join(' · ')}</div>`}
    ${(input || output) && html`<details onToggle=${(event) => setOpen(event.currentTarget.open)}><summary class="dim">Schema</summary>
      ${open && html`<div class="mono schema"><div><h2>Input</h2><${Value} value=${input ?? 'none'} /></div><div><h2>Output</h2><${Value} value=${output ?? 'none'} /></div></div>`}</details>`}`;
}
