// The tail of the logs: a live stream with replay, or the records of one run.
import {
  Copy, Dot, Empty, Failed, Loading, html, useEffect, useLayoutEffect, useMemo, useRef, useState, useStore, useVisibleRows,
} from './ui.js';
import { getJson, live, status, useResource, useRevision, withQuery } from './api.js';
import { address, clockMillis, count, day, moment, plural, recordTime, shortId, text } from './format.js';
import { go, link, route, setParams } from './router.js';
import { useKeys } from './keys.js';
import { SearchProblem, parseSearch } from './search.js';
import { CutValues, Groups, Level, Resource, Value } from './attributes.js';

const KEEP = 5_000;
const LINE = 24;
const FLUSH = 120;
const BACK_OFF = [1_000, 2_000, 4_000, 8_000, 15_000];

function anyValue(value) {
  if (value == null) return null;
  if ('stringValue' in value) return value.stringValue;
  if ('intValue' in value) return Number.isSafeInteger(Number(value.intValue)) ? Number(value.intValue) : String(value.intValue);
  if ('doubleValue' in value) return value.doubleValue;
  if ('boolValue' in value) return value.boolValue;
  if ('bytesValue' in value) return value.bytesValue;
  if ('arrayValue' in value) return (value.arrayValue?.values ?? []).map(anyValue);
  if ('kvlistValue' in value) return pairs(value.kvlistValue?.values);
  return null;
}

function pairs(list) {
  return Object.fromEntries((list ?? []).map(({ key, value }) => [key, anyValue(value)]));
}

/** One record in OTLP/JSON as the query API would give it; null when the frame holds none. */
function fromOtlp(data, cursor) {
  const group = data?.resourceLogs?.[0];
  const scoped = group?.scopeLogs?.[0];
  const record = scoped?.logRecords?.[0];
  if (!record) return null;
  const resource = pairs(group.resource?.attributes);
  const observed = Number(record.observedTimeUnixNano ?? 0);
  return {
    cursor, resource, scope: { name: scoped.scope?.name, version: scoped.scope?.version },
    time_unix_nano: Number(record.timeUnixNano ?? 0) || observed, observed_unix_nano: observed,
    severity_number: Number(record.severityNumber ?? 0), severity_text: record.severityText ?? '',
    body: anyValue(record.body), event_name: record.eventName || null, attributes: pairs(record.attributes),
    service: resource['service.name'] ?? 'unknown_service', instance: resource['service.instance.id'] ?? null,
    trace_id: record.traceId || null, span_id: record.spanId || null,
    cut: data.truncated ? [{ path: 'the whole record', bytes: data.truncated.bytes, url: data.truncated.whole }] : [],
  };
}

/** Follows the stream: the newest records, its connection state, and what was skipped. */
const NOTHING = { records: [], connected: false, ready: false, skipped: 0, rest: null, forgotten: 0, error: null };

function useTail(path, paused) {
  const [state, setState] = useState(NOTHING);
  useEffect(() => {
    if (!path) return undefined;
    let source = null;
    let retry = null;
    let flush = null;
    let tries = 0;
    let fresh = [];
    let highest = -1;
    let newest = 0;
    const seen = new Set();
    setState(NOTHING);
    const deliver = () => {
      flush = null;
      const batch = fresh;
      fresh = [];
      setState((old) => {
        const all = old.records.concat(batch);
        const over = Math.max(0, all.length - KEEP);
        for (const record of all.slice(0, over)) seen.delete(record.cursor);
        return { ...old, records: over ? all.slice(over) : all, forgotten: old.forgotten + over, ready: true };
      });
    };
    const open = () => {
      clearTimeout(retry);
      source?.close();
      source = new EventSource(path);
      source.onopen = () => {
        tries = 0;
        setState((old) => ({ ...old, connected: true, error: null }));
        flush ??= setTimeout(deliver, FLUSH);
      };
      source.addEventListener('log', (event) => {
        let record = null;
        try {
          record = fromOtlp(JSON.parse(event.data), event.lastEventId);
        } catch {
          return;
        }
        if (!record) return;
        // A stream that is opened again replays the hour: what has been here is not shown twice. Ids grow, unless the
        // backend came back with another store; then the times are new.
        const id = Number(event.lastEventId);
        const time = recordTime(record);
        if (seen.has(event.lastEventId) || (id <= highest && time <= newest)) return;
        seen.add(event.lastEventId);
        highest = Number.isNaN(id) ? highest : id;
        newest = Math.max(newest, time);
        fresh.push(record);
        flush ??= setTimeout(deliver, FLUSH);
      });
      source.addEventListener('dropped', (event) => {
        try {
          const { count: lost } = JSON.parse(event.data);
          setState((old) => ({ ...old, skipped: old.skipped + Number(lost) }));
        } catch {
          // An invalid frame does not stop the stream.
        }
      });
      source.addEventListener('truncated', (event) => {
        try {
          const { rest } = JSON.parse(event.data);
          setState((old) => ({ ...old, rest: String(rest) }));
        } catch {
          // As above.
        }
      });
      source.onerror = () => {
        setState((old) => ({ ...old, connected: false }));
        // The browser reconnects by itself, except if the response was not a stream.
        if (source.readyState !== EventSource.CLOSED) return;
        // EventSource does not expose the error; the same query over the API does.
        getJson(path.replace('/api/logs/stream', '/api/otel/logs')).then(() => null, (error) => error)
          .then((error) => source && setState((old) => ({ ...old, error: error?.status === 400 ? error : null })));
        retry = setTimeout(open, BACK_OFF[Math.min(tries, BACK_OFF.length - 1)]);
        tries += 1;
      };
    };
    const close = () => {
      clearTimeout(retry);
      source?.close();
      source = null;
    };
    const visible = () => (document.hidden ? close() : open());
    document.addEventListener('visibilitychange', visible);
    if (!document.hidden) open();
    return () => {
      document.removeEventListener('visibilitychange', visible);
      clearTimeout(flush);
      close();
    };
  }, [path]);
  // While paused the stream continues, but the list does not change.
  const frozen = useRef(null);
  if (!paused) frozen.current = null;
  else frozen.current ??= state.records;
  return { ...state, records: frozen.current ?? state.records, waiting: frozen.current ? state.records.length - frozen.current.length : 0 };
}

export function LogsView() {
  const { params } = useStore(route);
  const paused = !useStore(live);
  const query = params.get('q') ?? '';
  const wanted = useMemo(() => parseSearch(query, 'logs'), [query]);
  const fixed = Boolean(wanted.trace || wanted.spanId);
  const level = wanted.severity ?? (wanted.error ? 'error' : null);
  const tail = useTail(fixed ? null : withQuery('/api/logs/stream', { service: wanted.service, severity: level, query: wanted.text }), paused);
  const logRevision = useRevision('log_records');
  const stored = useResource(fixed ? withQuery('/api/otel/logs', {
    trace_id: wanted.trace, span_id: wanted.spanId, service: wanted.service, severity: level, query: wanted.text, limit: KEEP,
  }) : null, logRevision);
  const records = useMemo(() => (fixed ? [...(stored.data?.logs ?? [])].reverse() : tail.records), [fixed, stored.data, tail.records]);
  return html`<${Records} records=${records} fixed=${fixed} tail=${tail} stored=${stored} query=${query} problem=${wanted.problem} paused=${paused} trace=${wanted.trace} />`;
}

function Records({ records, fixed, tail, stored, query, problem, paused, trace }) {
  const { params } = useStore(route);
  const selected = params.get('log');
  const scroller = useRef(null);
  const list = useRef(null);
  const [stick, setStick] = useState(!selected);
  const [from, to] = useVisibleRows(scroller, list, records.length, LINE);
  const at = useMemo(() => records.findIndex((record) => String(record.cursor) === selected), [records, selected]);
  const record = records[at];

  useLayoutEffect(() => {
    if (stick && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [records, stick]);
  useEffect(() => {
    const box = scroller.current;
    if (at < 0 || !box) return;
    const top = at * LINE;
    if (top < box.scrollTop + LINE) box.scrollTop = top - LINE * 2;
    else if (top > box.scrollTop + box.clientHeight - LINE * 3) box.scrollTop = top - box.clientHeight + LINE * 4;
  }, [selected, at >= 0]);

  const choose = (one) => {
    if (!one) return false;
    setStick(false);
    setParams({ log: one.cursor }, { replace: false });
    return true;
  };
  const step = (by) => () => choose(records[at < 0 ? records.length - 1 : Math.max(0, Math.min(records.length - 1, at + by))]);
  useKeys({
    j: step(1), k: step(-1), ArrowDown: step(1), ArrowUp: step(-1), PageDown: step(20), PageUp: step(-20),
    Home: () => choose(records[0]),
    End: () => {
      setStick(true);
      setParams({ log: null });
    },
    e: () => {
      const bad = (one) => one.severity_number >= 17;
      return choose(records.find((one, i) => i > at && bad(one)) ?? records.find(bad));
    },
    Enter: () => (record?.trace_id ? (go(link('runs', record.trace_id, { span: record.span_id })), true) : false),
    Escape: () => {
      if (selected) setParams({ log: null });
      else if (query) setParams({ q: null });
      else return false;
      return true;
    },
  });
  const onScroll = () => {
    const box = scroller.current;
    const bottom = box.scrollHeight - box.scrollTop - box.clientHeight < LINE;
    if (bottom !== stick) setStick(bottom && !selected);
  };
  const loading = fixed ? stored.loading && !stored.data : !tail.ready && tail.connected;
  return html`<main class="panes logs">
    <section class="detail" aria-label="Logs">
      <h1 class="unseen">Logs</h1>
      <div class="caption">
        <span aria-live="polite">${fixed ? html`${plural(stored.data?.total ?? 0, 'record')}${trace && html` of <a href=${link('runs', trace)}>run ${shortId(trace)}</a>`}` : html`${plural(records.length, 'record')}, the last hour and live`}
          ${tail.forgotten > 0 && !fixed && `, newest ${count(KEEP)}`}</span>
        ${!fixed && !tail.connected && !tail.error && html`<span class="warn">disconnected, reconnecting</span>`}
        ${!fixed && tail.skipped > 0 && html`<span class="warn">${plural(tail.skipped, 'record')} skipped: this page could not keep up</span>`}
        ${!fixed && tail.rest && html`<a href=${tail.rest} target="_blank" rel="noreferrer" title="The replay is limited in bytes">older records as JSON</a>`}
        ${paused && html`<span class="warn">paused${tail.waiting > 0 ? `, ${count(tail.waiting)} waiting` : ''}</span>`}
        <span class="push"></span>
        ${!stick && html`<button type="button" class="btn" onClick=${() => {
          setParams({ log: null });
          setStick(true);
        }}>Follow the end ↓</button>`}
      </div>
      <${SearchProblem} problem=${problem} />
      ${!fixed && tail.error && html`<${Failed} error=${tail.error} what="This search" />`}
      ${fixed && stored.error && html`<${Failed} error=${stored.error} what="The logs" onRetry=${stored.reload} />`}
      ${loading && html`<${Loading} what="logs" />`}
      ${!loading && !records.length && !stored.error && !(tail.error && !fixed) && html`<${NoLogs} query=${query} fixed=${fixed} connected=${tail.connected} />`}
      <div class="scroll" tabindex="0" role="region" aria-label="Log records, scrollable" ref=${scroller} onScroll=${onScroll}><div class="lines mono" ref=${list} role="list" aria-label="Log records" style=${{ height: `${records.length * LINE}px` }}>
        ${records.slice(from, to).map((one, i) => html`<div key=${one.cursor} role="listitem" aria-current=${from + i === at ? 'true' : undefined} class=${`line wide${from + i === at ? ' on' : ''}`}
          style=${{ transform: `translateY(${(from + i) * LINE}px)` }} onClick=${() => choose(one)}>
          <span class="dim" title=${moment(recordTime(one))}>${clockMillis(recordTime(one))}</span><${Level} number=${one.severity_number} words=${one.severity_text} />
          <span class="cut dim"><${Dot} service=${one.service} /> ${one.service}</span>
          <span class="cut">${text(one.body) || one.event_name}${Object.keys(one.attributes).length > 0 && html`<span class="faint">${Object.entries(one.attributes).slice(0, 8).map(([name, value]) => ` ${name}=${text(value).slice(0, 60)}`)}</span>`}</span>
          ${one.trace_id ? html`<a href=${link('runs', one.trace_id, { span: one.span_id })} title="Open the run" onClick=${(event) => event.stopPropagation()}>${one.trace_id.slice(0, 8)}</a>` : html`<span></span>`}</div>`)}
      </div></div>
    </section>
    ${record && html`<${RecordAside} record=${record} />`}
    ${selected && !record && records.length > 0 && html`<aside class="aside"><${Empty} title="This record is no longer available."><p class="dim">This view keeps the last hour, up to ${count(KEEP)} records.</p><//></aside>`}
  </main>`;
}

function NoLogs({ query, fixed, connected }) {
  const endpoints = useStore(status, (value) => value.data?.endpoints);
  if (query) {
    return html`<${Empty} title=${fixed ? 'No log record has this id.' : 'Nothing matches in the last hour.'}><p class="dim">${fixed ? '' : 'New matching records appear here.'}</p>
      <button type="button" class="btn" onClick=${() => setParams({ q: null })}>Clear the search</button><//>`;
  }
  if (!connected) return html`<${Empty} title="The stream is not connected."><p class="dim">The page retries.</p><//>`;
  return html`<${Empty} title="No logs in the last hour."><p class="dim">Records appear here as they arrive${endpoints ? ` at ${address(endpoints.http)} or ${address(endpoints.grpc)}` : ''}. With Glassbox, every tracing event is a log record.</p><//>`;
}

function RecordAside({ record }) {
  return html`<aside class="aside" aria-label="Log record">
    <button type="button" class="close" aria-label="Close the record" onClick=${() => setParams({ log: null })}>×</button>
    <h1><${Level} number=${record.severity_number} words=${record.severity_text} />${record.event_name && ` ${record.event_name}`}</h1>
    <div class="dim"><${Dot} service=${record.service} /> ${record.service} · ${day(recordTime(record))} ${clockMillis(recordTime(record))}</div>
    <div class="buttons"><${Copy} label="Copy link" text=${() => location.href} /><${Copy} label="Copy JSON" text=${() => JSON.stringify(record, null, 2)} />
      ${record.trace_id && html`<a class="btn" href=${link('runs', record.trace_id, { span: record.span_id })}>Open the run</a>`}</div>
    <h2>Body</h2><div class="mono"><${Value} key=${record.cursor} value=${record.body} /></div>
    <${Groups} key=${record.cursor} attributes=${record.attributes} />
    <${CutValues} cut=${record.cut} />
    <${Resource} resource=${record.resource} scope=${record.scope} />
  </aside>`;
}
