// The list of runs: question, services, duration and errors.
import { Dot, Empty, Failed, Loading, colour, html, pane, useEffect, useMemo, useRef, useState, useStore } from './ui.js';
import { live, status, useResource, useRevision, withQuery } from './api.js';
import { address, clock, count, day, duration, moment, plural, runTitle } from './format.js';
import { go, link, route, setParams } from './router.js';
import { useKeys } from './keys.js';
import { RunView } from './run-view.js';

const FIRST = 200;
const MOST = 10_000;

/** The first view: the list, and the chosen or the newest run beside it. */
export function RunsView() {
  const { id } = useStore(route);
  const found = useRuns();
  const newest = found.runs[0]?.trace_id;
  const shown = id ?? newest;
  const empty = found.data && !found.runs.length && !found.filtered && !id;
  useEffect(() => {
    if (!id) document.title = 'Glassbox';
  }, [id]);
  return html`<main class=${`panes${id ? ' chosen' : ''}`}>
    <${RunsList} found=${found} selected=${shown} />
    ${shown ? html`<${RunView} key=${shown} id=${shown} following=${!id} summary=${found.runs.find((run) => run.trace_id === shown)} />`
      : html`<section class="detail">${empty && html`<${Welcome} />`}</section>`}
  </main>`;
}

/** The runs that match the search in the address; shared by the list and the view beside it. */
function useRuns() {
  const { params } = useStore(route);
  const [query, since, agents, internal] = ['q', 'since', 'agents', 'internal'].map((name) => params.get(name) ?? '');
  const [limit, setLimit] = useState(FIRST);
  useEffect(() => setLimit(FIRST), [query, since, agents, internal]);
  const resource = useResource(withQuery('/api/otel/traces', { q: query, since, agents, internal, limit }), useRevision('spans'));
  const runs = resource.data?.traces ?? NONE;
  const { total = 0, returned = 0, hidden = 0 } = resource.data ?? {};
  const more = returned < total && limit < MOST ? () => setLimit(Math.min(MOST, limit * 5)) : null;
  return { ...resource, runs, total, returned, hidden, more, filtered: Boolean(query || since || agents), query, agents, internal };
}

const NONE = [];

function RunsList({ found, selected }) {
  const { params } = useStore(route);
  const active = useStore(pane) === 'list';
  const list = useRef(null);
  const { runs } = found;
  const at = runs.findIndex((run) => run.trace_id === selected);

  const open = (run) => {
    if (!run) return false;
    go(link('runs', run.trace_id, { ...Object.fromEntries(params), span: null, zoom: null }));
    return true;
  };
  const inList = (action) => () => (pane.value === 'list' ? action() : false);
  useKeys({
    j: inList(() => open(runs[Math.min(runs.length - 1, at + 1)])),
    k: inList(() => open(runs[Math.max(0, at - 1)])),
    ArrowDown: inList(() => open(runs[Math.min(runs.length - 1, at + 1)])),
    ArrowUp: inList(() => open(runs[Math.max(0, at - 1)])),
    Home: inList(() => open(runs[0])),
    End: inList(() => open(runs.at(-1))),
    E: inList(() => open(runs.find((run, i) => i > at && run.errors > 0) ?? runs.find((run) => run.errors > 0))),
    Enter: inList(() => {
      if (!selected) return open(runs[0]);
      pane.set('run');
      document.querySelector('.tree')?.focus({ preventScroll: true });
      return true;
    }),
    Escape: inList(() => (params.get('q') ? (setParams({ q: null }), true) : false)),
  });
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [selected, at >= 0]);

  // Moves inside a run change the address but no row of this list.
  const kept = new URLSearchParams(params);
  kept.delete('span');
  kept.delete('zoom');
  const rows = useMemo(() => {
    let lastDay = null;
    return runs.map((run) => {
      const label = day(run.start_unix_nano);
      const heading = label === lastDay ? null : label;
      lastDay = label;
      return html`<${Run} key=${run.trace_id} run=${run} heading=${heading} selected=${run.trace_id === selected} active=${active}
        address=${link('runs', run.trace_id, Object.fromEntries(kept))} />`;
    });
  }, [runs, selected, active, kept.toString()]);
  return html`<section class="list" ref=${list} aria-label="Runs" onPointerDown=${() => pane.set('list')}>
    <h1 class="unseen">Runs</h1>
    <${Heading} found=${found} />
    ${found.error && html`<${Failed} error=${found.error} what=${found.error.status === 400 ? 'This search' : 'The list of runs'} onRetry=${found.reload} />`}
    ${!found.data && found.loading && html`<${Loading} what="runs" />`}
    ${found.data && !runs.length && !found.error && html`<${NoRuns} found=${found} />`}
    <ol class="runs">${rows}</ol>
    ${found.more && html`<button type="button" class="btn more" onClick=${found.more}>Show more of ${count(found.total)}</button>`}
  </section>`;
}

function Heading({ found }) {
  const following = useStore(live);
  if (!found.data) return html`<div class="caption">Runs</div>`;
  const { total, returned, filtered, hidden, agents, internal } = found;
  const amount = filtered ? `${plural(total, 'run')} ${total === 1 ? 'matches' : 'match'}` : plural(total, 'run');
  return html`<div class="caption"><span aria-live="polite">${amount}${returned < total ? `, newest ${count(returned)}` : ''}</span>
    ${!following && html`<span class="warn">paused</span>`}<span class="push"></span>
    ${(hidden > 0 || internal) && html`<button type="button" class="more" aria-pressed=${String(Boolean(internal))}
      title="Requests to the registry and test traces of glassbox doctor" onClick=${() => setParams({ internal: internal ? null : 'true' })}>${internal ? 'Hide internal' : `${count(hidden)} internal hidden`}</button>`}
    <button type="button" class="more" aria-pressed=${String(Boolean(agents))} title="Only runs of agents and workflows"
      onClick=${() => setParams({ agents: agents ? null : 'true' })}>${agents ? 'All runs' : 'Agents only'}</button></div>`;
}

function Run({ run, heading, selected, active, address: href }) {
  const used = run.input_tokens + run.output_tokens;
  const title = runTitle(run);
  return html`<li>
    ${heading && html`<div class="day">${heading}</div>`}
    <a class=${`run${selected ? (active ? ' on' : ' on quiet') : ''}`} href=${href} aria-current=${selected ? 'true' : undefined}
      title=${`${title}\n${run.trace_id}\n${moment(run.start_unix_nano)}`}>
      <b class=${run.question ? '' : 'plain'}>${title}</b><time class="dim mono">${clock(run.start_unix_nano)}</time>
      <span class="facts1"><${Dot} service=${run.root_service} /> ${run.root_service ?? 'root span missing'}
        ${used > 0 && ` · ${count(used)} tok`}${run.errors > 0 && html` · <span class="err">${plural(run.errors, 'error')}</span>`}</span>
      <span class="r">${duration(run.duration_nano)}</span>
      <span class="spark" aria-hidden="true">${run.services.map((service) => html`
        <i style=${{ flexGrow: String(service.spans - service.errors), background: colour(service.name) }}></i>
        ${service.errors > 0 && html`<i class="bad" style=${{ flexGrow: String(service.errors) }}></i>`}`)}</span>
    </a>
  </li>`;
}

function NoRuns({ found }) {
  const endpoints = useStore(status, (value) => value.data?.endpoints);
  if (found.filtered) {
    return html`<${Empty} title="No run matches.">
      <p class="dim">The search covers services, span names and attributes.</p>
      <button type="button" class="btn" onClick=${() => setParams({ q: null, since: null, agents: null })}>Clear the search</button>
    <//>`;
  }
  return html`<${Empty} title="No runs yet.">
    <p class="dim">Runs appear here when their first span arrives${endpoints ? ` at ${address(endpoints.http)} or ${address(endpoints.grpc)}` : ''}.</p>
  <//>`;
}

/** Shown while the store is empty: where to send telemetry. */
function Welcome() {
  const endpoints = useStore(status, (value) => value.data?.endpoints);
  const remote = useStore(status, (value) => value.data?.collector.remote);
  const http = endpoints?.http ?? 'http://127.0.0.1:4318';
  const grpc = endpoints?.grpc ?? 'http://127.0.0.1:4317';
  return html`<div class="welcome">
    <h1>No data yet</h1>
    <p>Point any OpenTelemetry SDK at one of these addresses. A run appears when its first span arrives.</p>
    <h2>Over HTTP</h2>
    <pre class="code">OTEL_EXPORTER_OTLP_ENDPOINT=${http}${'\n'}OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf</pre>
    <h2>Over gRPC</h2>
    <pre class="code">OTEL_EXPORTER_OTLP_ENDPOINT=${grpc}${'\n'}OTEL_EXPORTER_OTLP_PROTOCOL=grpc</pre>
    <h2>Or run the demo</h2>
    <pre class="code">glassbox demo --backend ${endpoints?.page ?? location.origin}</pre>
    <p class="dim">Both addresses accept traces, metrics and logs. ${remote ? `The collector forwards a copy of everything to ${remote}.` : 'Nothing leaves this machine.'}</p>
  </div>`;
}
