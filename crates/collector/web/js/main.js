// The frame of the page: header, current view, footer and keys.
import { Empty, Loading, html, pane, render, useEffect, useErrorBoundary, useRef, useState, useStore } from './ui.js';
import { live, startPolling, status } from './api.js';
import { go, link, route, setParams } from './router.js';
import { KeysDialog, useKeys } from './keys.js';
import { SearchBox } from './search.js';
import { GoneBand, StatusFooter } from './status-footer.js';
import { CollectorBand } from './collector.js';

const TABS = [['runs', 'Runs'], ['services', 'Services'], ['logs', 'Logs'], ['metrics', 'Metrics']];

// Each view is loaded when it is first opened.
const VIEWS = {
  runs: () => import('./runs-list.js').then((module) => module.RunsView),
  logs: () => import('./logs-view.js').then((module) => module.LogsView),
  metrics: () => import('./metrics-view.js').then((module) => module.MetricsView),
  services: () => import('./services-view.js').then((module) => module.ServicesView),
};

function View({ view }) {
  const [state, setState] = useState({});
  useEffect(() => {
    let wanted = true;
    VIEWS[view]().then((component) => wanted && setState({ component }), () => wanted && setState({ failed: true }));
    return () => {
      wanted = false;
    };
  }, [view]);
  // A module that failed to load stays failed until the document is loaded again; all state is in the address.
  const generation = useStore(status, (value) => value.generation);
  const first = useRef(generation);
  useEffect(() => {
    if (state.failed && generation !== first.current) location.reload();
  }, [state.failed, generation]);
  // Data that a component cannot handle must not break the whole page.
  const address = useStore(route);
  const [broken, mend] = useErrorBoundary();
  useEffect(() => {
    if (broken) mend();
  }, [address]);
  if (broken) {
    return html`<main><${Empty} title="This view failed to render."><p class="mono">${String(broken.message ?? broken)}</p>
      <p class="dim">It does not support something in this data. Other views and runs still work.</p><p><a href="/">All runs</a></p><//></main>`;
  }
  if (state.failed) return html`<main><${Empty} title="This part of the page could not be loaded."><p class="dim">The backend is not responding. The page reloads when it is back.</p><//></main>`;
  return state.component ? html`<${state.component} />` : html`<main><${Loading} what=${view} /></main>`;
}

const RANGES = { runs: [['', 'all time'], ['24h', 'last 24 h'], ['6h', 'last 6 h'], ['1h', 'last 1 h'], ['15m', 'last 15 min']],
  metrics: [['all', 'all time'], ['24h', 'last 24 h'], ['6h', 'last 6 h'], ['', 'last 1 h'], ['15m', 'last 15 min'], ['5m', 'last 5 min']] };

function Header() {
  const { view, params } = useStore(route);
  const following = useStore(live);
  const state = useStore(status, (value) => value.state);
  const since = params.get('since') ?? '';
  const ranges = RANGES[view];
  const known = ranges?.some(([value]) => value === since);
  return html`<header class="top">
    <a class="logo" href="/"><i></i>Glassbox</a>
    <nav aria-label="Views">${TABS.map(([name, label]) => html`<a href=${link(name)} aria-current=${view === name ? 'page' : undefined}>${label}</a>`)}</nav>
    <${SearchBox} />
    <span class="push"></span>
    ${ranges && html`<select class="pill" aria-label="Time range" value=${since} onChange=${(event) => setParams({ since: event.currentTarget.value })}>
      ${!known && html`<option value=${since}>since ${since}</option>`}
      ${ranges.map(([value, label]) => html`<option value=${value} selected=${value === since}>${label}</option>`)}</select>`}
    <button type="button" class=${`pill live ${state === 'gone' ? 'gone' : following ? 'on' : 'off'}`} aria-pressed=${String(following)}
      title=${following ? 'Pause live updates (p)' : 'Resume live updates (p)'} onClick=${() => live.set(!following)}>${state === 'gone' ? 'offline' : following ? 'live' : 'paused'}</button>
  </header>`;
}

function App() {
  const { view, id } = useStore(route);
  const [keys, showKeys] = useState(false);
  const tab = (name) => () => go(link(name));
  useKeys({
    '?': () => showKeys(true), p: () => live.set((value) => !value),
    1: tab('runs'), 2: tab('services'), 3: tab('logs'), 4: tab('metrics'),
  });
  useEffect(() => {
    if (view !== 'runs') document.title = `${TABS.find(([name]) => name === view)?.[1] ?? 'Not found'} — Glassbox`;
    // An address that names a run is about that run: the keys act inside it.
    pane.set(view === 'runs' && id ? 'run' : 'list');
  }, [view]);
  return html`<${Header} /><${GoneBand} /><${CollectorBand} />
    ${VIEWS[view] ? html`<${View} key=${view} view=${view} />` : html`<main><h1 class="unseen">Not found</h1><${Empty} title="There is no such page."><p class="mono wrap">${id}</p><p><a href="/">All runs</a></p><//></main>`}
    <${StatusFooter} onKeys=${() => showKeys(true)} />
    ${keys && html`<${KeysDialog} onClose=${() => showKeys(false)} />`}`;
}

startPolling();
const app = document.getElementById('app');
app.textContent = '';
render(html`<${App} />`, app);
