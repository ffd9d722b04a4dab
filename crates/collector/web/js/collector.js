// What receives for the backend: a collector that it runs beside itself, or the backend itself, and how it fares.
import { html, useStore } from './ui.js';
import { status } from './api.js';
import { bytes, count, moment, plural, text } from './format.js';
import { Pairs } from './attributes.js';

const FOUND = { setting: 'named by a setting', path: 'on PATH', cache: 'in the cache folder' };
const WAITS = { starting: 'starting', restarting: 'restarting', stopped: 'stopped' };

export const lost = (collector) => Object.values(collector.lost ?? {}).reduce((all, one) => all + Number(one.items), 0);
export const lostBy = (collector) => Object.entries(collector.lost ?? {}).map(([name, one]) => `${name} ${count(one.items)}: ${one.last_error}`).join('\n');

const fellBack = (collector) => collector.state === 'fallen_back';
const troubled = (collector) => !collector.running || fellBack(collector);

/** In a few words: "otelcol 0.159.0 · pid 4711 · 2 restarts". */
export function Receiver({ data }) {
  const { collector, version } = data;
  const name = collector.mode === 'embedded' ? `embedded receiver ${text(version)}` : `${collector.mode} ${text(collector.version)}`;
  const state = fellBack(collector) ? 'for otelcol' : collector.running ? '' : WAITS[collector.state] ?? 'not running';
  return html`<span class=${troubled(collector) ? 'warn' : ''}>${name}${state && ` (${state})`}${collector.pid ? ` · pid ${collector.pid}` : ''}</span>${
    collector.restarts > 0 && html`<span class="warn"> · ${plural(collector.restarts, 'restart')}</span>`}`;
}

/** Says above everything that the collector is not there, and who receives meanwhile. */
export function CollectorBand() {
  const { state, data } = useStore(status);
  if (state === 'gone' || !data || !troubled(data.collector)) return null;
  const { collector } = data;
  const last = collector.last_exit;
  return html`<div class="band uneasy" role="status"><b>${fellBack(collector) ? 'The collector ended too often' : 'The collector does not run'}</b>
    <span>${collector.running ? 'The backend receives in its place, on the same ports; nothing is archived or sent on.' : fellBack(collector) ? text(collector.reason) : 'It is started again; what is sent meanwhile has to be sent anew.'}</span>
    ${last && html`<span class="dim">Last: ${text(last.status)} at ${moment(last.time_unix_nano)}</span>`}</div>`;
}

/** Who it is, where it listens, how it fares. */
export function Receives({ data }) {
  const { collector, endpoints } = data;
  const last = collector.last_exit;
  const otelcol = Boolean(collector.binary);
  const facts = [['receiver', collector.mode === 'embedded' ? 'the backend itself' : `otelcol ${text(collector.version)}`], ['state', text(collector.state).replaceAll('_', ' ')],
    ['why', collector.reason], ['program', collector.binary], ['found', FOUND[collector.found_by]], ['pid', text(collector.pid)],
    ['gRPC', endpoints.grpc], ['HTTP', endpoints.http], ['copies to', collector.remote], ['restarts', otelcol && count(collector.restarts)],
    ['last exit', otelcol && (last ? `${text(last.status)}, ${moment(last.time_unix_nano)}` : 'none')], ['last words', last?.last_words],
    ['configuration', collector.config]];
  return html`<h2>Receives</h2><${Pairs} entries=${facts.filter(([, value]) => value)} />
    ${collector.zpages && html`<p><a href=${collector.zpages} target="_blank" rel="noreferrer">What the collector shows of itself</a></p>`}`;
}

/** What it does beside the store, and what it could not do. */
export function Beside({ collector }) {
  const { archive } = collector;
  const losses = Object.entries(collector.lost ?? {});
  return html`${archive && html`<h2>Archive, beside the store</h2><${Pairs} entries=${[['directory', archive.directory], ['size', `${bytes(archive.bytes)} of ${bytes(archive.cap_bytes)}`], ['files', count(archive.files)],
      ['pruned', archive.pruned_files > 0 ? `${plural(archive.pruned_files, 'file')}, ${bytes(archive.pruned_bytes)}` : 'nothing'], ...(archive.prune_failures > 0 ? [['not removed', plural(archive.prune_failures, 'failure')]] : [])]} />`}
    ${losses.length > 0 && html`<h2 class="warn">Not handed on by the collector, at least</h2><${Pairs} entries=${losses.map(([name, one]) => [name, `${count(one.items)}, last ${moment(one.last_unix_nano)}: ${one.last_error}`])} />`}`;
}
