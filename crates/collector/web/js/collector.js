// The OTLP receiver: a collector that runs as a child process, or the embedded one, and its state.
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
  const state = fellBack(collector) ? 'in place of otelcol' : collector.running ? '' : WAITS[collector.state] ?? 'not running';
  return html`<span class=${troubled(collector) ? 'warn' : ''}>${name}${state && ` (${state})`}${collector.pid ? ` · pid ${collector.pid}` : ''}</span>${
    collector.restarts > 0 && html`<span class="warn"> · ${plural(collector.restarts, 'restart')}</span>`}`;
}

/** A band at the top while the collector is down: what receives in the meantime. */
export function CollectorBand() {
  const { state, data } = useStore(status);
  if (state === 'gone' || !data || !troubled(data.collector)) return null;
  const { collector } = data;
  const last = collector.last_exit;
  return html`<div class="band uneasy" role="status"><b>${fellBack(collector) ? 'The collector keeps failing' : 'The collector is not running'}</b>
    <span>${collector.running ? 'The embedded receiver has taken over its ports. Nothing is archived or forwarded.' : fellBack(collector) ? text(collector.reason) : 'It is being restarted. Clients must retry what they send in the meantime.'}</span>
    ${last && html`<span class="dim">Last: ${text(last.status)} at ${moment(last.time_unix_nano)}</span>`}</div>`;
}

/** What the receiver is, where it listens, and its state. */
export function Receives({ data }) {
  const { collector, endpoints } = data;
  const last = collector.last_exit;
  const otelcol = Boolean(collector.binary);
  const facts = [['receiver', collector.mode === 'embedded' ? 'the backend itself' : `otelcol ${text(collector.version)}`], ['state', text(collector.state).replaceAll('_', ' ')],
    ['why', collector.reason], ['program', collector.binary], ['found', FOUND[collector.found_by]], ['pid', text(collector.pid)],
    ['gRPC', endpoints.grpc], ['HTTP', endpoints.http], ['copies to', collector.remote], ['restarts', otelcol && count(collector.restarts)],
    ['last exit', otelcol && (last ? `${text(last.status)}, ${moment(last.time_unix_nano)}` : 'none')], ['last output', last?.last_words],
    ['configuration', collector.config]];
  return html`<h2>Receiver</h2><${Pairs} entries=${facts.filter(([, value]) => value)} />
    ${collector.zpages && html`<p><a href=${collector.zpages} target="_blank" rel="noreferrer">The collector's own diagnostic pages</a></p>`}`;
}

/** The archive, and what the collector lost. */
export function Beside({ collector }) {
  const { archive } = collector;
  const losses = Object.entries(collector.lost ?? {});
  return html`${archive && html`<h2>Archive</h2><${Pairs} entries=${[['directory', archive.directory], ['size', `${bytes(archive.bytes)} of ${bytes(archive.cap_bytes)}`], ['files', count(archive.files)],
      ['pruned', archive.pruned_files > 0 ? `${plural(archive.pruned_files, 'file')}, ${bytes(archive.pruned_bytes)}` : 'nothing'], ...(archive.prune_failures > 0 ? [['not removed', plural(archive.prune_failures, 'failure')]] : [])]} />`}
    ${losses.length > 0 && html`<h2 class="warn">Lost by the collector, at least</h2><${Pairs} entries=${losses.map(([name, one]) => [name, `${count(one.items)}, last ${moment(one.last_unix_nano)}: ${one.last_error}`])} />`}`;
}
