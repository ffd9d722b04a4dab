// The footer: the state of the backend, its addresses, the size of the store, and what was lost.
import { html, useEffect, useState, useStore } from './ui.js';
import { askNow, status } from './api.js';
import { address, bytes, clock, count, duration, moment, plural, text } from './format.js';
import { Dialog } from './keys.js';
import { Pairs } from './attributes.js';
import { Beside, Receiver, Receives, lost, lostBy } from './collector.js';

const sum = (reasons) => Object.values(reasons ?? {}).reduce((all, one) => all + Number(one), 0);
const listed = (reasons) => Object.entries(reasons ?? {}).filter(([, value]) => value > 0).map(([name, value]) => `${name} ${count(value)}`).join(', ');

function useNow(every) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** Shown while the backend is unreachable: since when, and when the page retries. */
export function GoneBand() {
  const { state, since, nextAt, data } = useStore(status);
  const now = useNow(500);
  if (state !== 'gone') return null;
  const wait = Math.max(0, Math.ceil((nextAt - now) / 1000));
  return html`<div class="band" role="alert"><b>The backend at ${location.host} is not responding</b>
    <span>since ${clock(since * 1e6)}. ${data ? 'This page shows older data.' : 'Start it with'}${!data && html` <code>glassbox up</code>.`}</span>
    <span class="tabular">Next try in ${wait} s</span><button type="button" class="btn" onClick=${askNow}>Try now</button></div>`;
}

export function StatusFooter({ onKeys }) {
  const { state, data } = useStore(status);
  const now = useNow(30_000);
  const [open, setOpen] = useState(false);
  const keys = html`<button type="button" class="keys-hint" onClick=${onKeys}><kbd>j</kbd> <kbd>k</kbd> move · <kbd>e</kbd> next error · <kbd>?</kbd> keys</button>`;
  if (!data) return html`<footer class="foot"><span>${state === 'gone' ? 'no backend' : 'connecting…'}</span><span class="push"></span>${keys}</footer>`;
  const { store, collector, endpoints } = data;
  const losses = [['rejected', data.rejected], ['refused', data.refused], ['dropped', { streams: data.streams?.dropped ?? 0 }]];
  const pruned = store.pruned?.spans + store.pruned?.log_records + store.pruned?.data_points;
  const full = store.cap_bytes > 0 && store.bytes / store.cap_bytes > 0.95;
  return html`<footer class="foot">
    <button type="button" title="Backend status" onClick=${() => setOpen(true)}>
      <span class=${state === 'gone' ? 'err' : ''}><${Receiver} data=${data} />${' · up '}${duration(now * 1e6 - data.started_unix_nano)}</span></button>
    <span>${address(endpoints.grpc)} gRPC · ${address(endpoints.http).replace(/^127\.0\.0\.1(?=:)/, '')} HTTP</span>
    <span class=${full ? 'warn' : ''}>${bytes(store.bytes)} of ${bytes(store.cap_bytes)} · ${plural(store.spans, 'span')} · ${
  pruned > 0 ? `${count(pruned)} pruned${store.pruned.before_unix_nano ? `, before ${moment(store.pruned.before_unix_nano).slice(0, -4)}` : ''}` : 'nothing pruned'}</span>
    <span class="push"></span>
    <span>${losses.map(([name, reasons], i) => html`${i > 0 && ' · '}<span class=${sum(reasons) > 0 ? 'warn' : ''} title=${listed(reasons) || `nothing ${name}`}>${count(sum(reasons))} ${name}</span>`)}${
  lost(collector) > 0 && html` · <span class="warn" title=${lostBy(collector)}>${count(lost(collector))} lost by the collector</span>`}</span>
    ${keys}
    ${open && html`<${Backend} data=${data} onClose=${() => setOpen(false)} />`}
  </footer>`;
}

function Backend({ data, onClose }) {
  const { store } = data;
  const entries = (object) => Object.entries(object ?? {}).map(([name, value]) => [name, typeof value === 'number' ? count(value) : text(value) || '–']);
  const reasons = (object) => (sum(object) > 0 ? html`<${Pairs} entries=${entries(object)} />` : html`<p class="dim">Nothing.</p>`);
  return html`<${Dialog} label="The backend" onClose=${onClose}><div class="columns">
    <div><h2>Process</h2><${Pairs} entries=${[['version', data.version], ['since', moment(data.started_unix_nano)], ['page', data.endpoints.page]]} />
      <${Receives} data=${data} />
      ${data.notes?.length > 0 && html`<h2>Notes</h2><ul class="warn">${data.notes.map((note) => html`<li>${text(note)}</li>`)}</ul>`}</div>
    <div><h2>Store</h2><${Pairs} entries=${[['directory', store.directory], ['size', `${bytes(store.bytes)} of ${bytes(store.cap_bytes)}`], ['segments', count(store.segments)],
      ['traces', count(store.traces)], ['spans', count(store.spans)], ['log records', count(store.log_records)], ['data points', count(store.data_points)]]} />
      <h2>Received</h2><${Pairs} entries=${entries(data.received)} />
      <h2>Live streams</h2><${Pairs} entries=${entries(data.streams)} />
      <${Beside} collector=${data.collector} />
      <h2>Pruned to stay below the size limit</h2>${store.pruned?.segments > 0 ? html`<${Pairs} entries=${[['segments', count(store.pruned.segments)], ['size', bytes(store.pruned.bytes)],
        ['spans', count(store.pruned.spans)], ['log records', count(store.pruned.log_records)], ['data points', count(store.pruned.data_points)],
        ['older than', store.pruned.before_unix_nano ? moment(store.pruned.before_unix_nano) : '–']]} />` : html`<p class="dim">Nothing.</p>`}
      <h2>Rejected: invalid records</h2>${reasons(data.rejected)}
      <h2>Refused: requests</h2>${reasons(data.refused)}</div>
  </div><//>`;
}
