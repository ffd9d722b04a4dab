// One run: what was asked, the conversation, the timeline, its logs, and the selected span beside it.
import {
  Copy, Dot, Empty, Failed, Loading, html, pane, useEffect, useLayoutEffect, useMemo, useRef, useState, useStore, useVisibleRows,
} from './ui.js';
import { getParts, status, useResource, useRevision, withQuery } from './api.js';
import { clockMillis, count, dollars, duration, moment, plural, recordTime, runTitle, shortId, text } from './format.js';
import { go, link, route, setParams } from './router.js';
import { useKeys } from './keys.js';
import { buildTrace, found as foundIn, openRows, outcome } from './trace.js';
import { Level } from './attributes.js';
import { Conversation, conversation } from './conversation.js';
import { Axis, Waterfall } from './waterfall.js';
import { SpanAside } from './span-aside.js';

const MOST = 10_000;
const LOGS = 1_000;
const GROWING = 10 * 60_000;
const loadSpans = getParts('spans', MOST);

export function RunView({ id, summary, following }) {
  // A trace is loaded again when the list says that it has grown, or while it is young and not in the list.
  const revision = useRevision('spans');
  const logRevision = useRevision('log_records');
  const young = useRef(true);
  const growth = summary ? `${summary.spans}/${summary.end_unix_nano}` : young.current ? revision : 'old';
  const loaded = useResource(withQuery('/api/otel/traces', { trace_id: id, limit: MOST }), growth, loadSpans);
  const logs = useResource(withQuery('/api/otel/logs', { trace_id: id, limit: LOGS }), young.current ? logRevision : 'old');
  const trace = useMemo(() => {
    if (!loaded.data?.spans?.length) return null;
    return buildTrace(loaded.data.spans);
  }, [loaded.data]);
  young.current = !trace || Date.now() - trace.end / 1e6 < GROWING;

  if (loaded.error && !trace) return html`<section class="detail"><h1 class="unseen">Run ${shortId(id)}</h1><${Failed} error=${loaded.error} what="This run" onRetry=${loaded.reload} /></section>`;
  if (!loaded.data) return html`<section class="detail"><h1 class="unseen">Run ${shortId(id)}</h1><${Loading} what="the run" /></section>`;
  if (!trace) return html`<section class="detail"><h1 class="unseen">Run ${shortId(id)}</h1><${Missing} id=${id} /></section>`;
  return html`<${Run} key=${id} id=${id} trace=${trace} whole=${loaded.data} logs=${logs} following=${following} />`;
}

function Missing({ id }) {
  const pruned = useStore(status, (value) => value.data?.store.pruned?.before_unix_nano);
  return html`<${Empty} title=${`No spans of trace ${shortId(id)}.`}>
    <p class="dim">None has arrived yet, or they were pruned${pruned ? `: data before ${moment(pruned)} is gone` : ''}. The page keeps checking.</p>
    <p><a href="/">All runs</a></p>
  <//>`;
}

function Run({ id, trace, whole, logs, following }) {
  const { params } = useStore(route);
  const selected = params.get('span');
  const entered = useStore(pane) === 'run';
  const scroller = useRef(null);
  const finder = useRef(null);
  const [closed, setClosed] = useState(() => new Set());
  const [find, setFind] = useState('');
  const talk = useMemo(() => conversation(trace), [trace]);
  const rows = useMemo(() => openRows(trace, closed), [trace, closed]);
  const found = useMemo(() => {
    const words = find.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return null;
    return new Map(trace.rows.map((node) => [node.key, foundIn(node.span, words)]).filter(([, why]) => why));
  }, [trace, find]);
  const node = trace.byId.get(selected);
  const zoom = zoomed(params.get('zoom'), trace);
  const setZoom = (range) => setParams({ zoom: range && range.map((time) => ((time - trace.start) / 1e6).toFixed(3)).join('-') });

  const select = (spanId, from = 'timeline') => {
    pane.set('run');
    scroller.current.dataset.from = from;
    // At `/`, selecting a span pins this run instead of following the newest.
    if (following) {
      go(link('runs', id, { ...Object.fromEntries(params), span: spanId }));
    } else setParams({ span: spanId }, { replace: false });
    reveal(spanId);
  };
  const reveal = (spanId) => {
    const parents = [];
    for (let at = trace.byId.get(spanId)?.parent; at; at = at.parent) parents.push(at.key);
    if (parents.some((one) => closed.has(one))) setClosed(new Set([...closed].filter((one) => !parents.includes(one))));
  };
  const toggle = (spanId, open) => {
    const next = new Set(closed);
    if (open ?? next.has(spanId)) next.delete(spanId);
    else next.add(spanId);
    setClosed(next);
  };
  const at = rows.indexOf(node);
  const move = (target) => (target ? (select(target.key), true) : false);
  const step = (by) => () => pane.value === 'run' && move(rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))]);
  const next = (wanted) => {
    const here = node?.row ?? -1;
    return trace.rows.find((one) => one.row > here && wanted(one)) ?? trace.rows.find(wanted);
  };
  const inRun = (action) => () => (pane.value === 'run' ? action() : false);
  useKeys({
    j: step(1), k: step(-1), ArrowDown: step(1), ArrowUp: step(-1), PageDown: step(20), PageUp: step(-20),
    Home: inRun(() => move(rows[0])), End: inRun(() => move(rows.at(-1))),
    // The next error of the run that is shown, whichever pane has the focus.
    e: () => move(next((one) => one.span.status === 'error')),
    n: inRun(() => found && move(next((one) => found.has(one.key)))),
    Enter: inRun(() => (node?.children.length ? (toggle(selected), true) : false)),
    ArrowLeft: inRun(() => {
      if (!node) return false;
      if (node.children.length && !closed.has(selected)) toggle(selected, false);
      else if (node.parent) move(node.parent);
      return true;
    }),
    ArrowRight: inRun(() => {
      if (!node?.children.length) return false;
      if (closed.has(selected)) toggle(selected, true);
      else move(node.children[0]);
      return true;
    }),
    z: inRun(() => {
      if (!node) return false;
      const room = Math.max(1000, node.span.duration_nano * 0.1);
      setZoom([Math.max(trace.start, node.span.start_unix_nano - room), Math.min(trace.start + trace.length, node.span.end_unix_nano + room)]);
      return true;
    }),
    f: () => {
      finder.current?.focus();
      finder.current?.scrollIntoView({ block: 'nearest' });
    },
    c: () => navigator.clipboard?.writeText(location.href).catch(() => {}),
    Escape: () => {
      if (find) setFind('');
      else if (zoom) setZoom(null);
      else if (selected) setParams({ span: null });
      else if (pane.value === 'run') pane.set('list');
      else return false;
      return true;
    },
  });
  useEffect(() => {
    document.title = `${runTitle(whole.summary)} — Glassbox`;
  }, [trace]);

  const heading = talk.turns.some((turn) => turn.kind === 'model' || turn.kind === 'user') ? 'Conversation' : 'Steps';
  // The conversation is drawn again when it changes or when one of its own turns is chosen, not for every span.
  const chosenTurn = node && talk.turns.some((turn) => turn.node === node) ? selected : null;
  const choose = useRef(select);
  choose.current = select;
  const said = useMemo(() => html`<${Conversation} trace=${trace} turns=${talk.turns} content=${talk.content} selected=${chosenTurn}
    onSelect=${(span) => choose.current(span, 'conversation')} />`, [trace, talk, chosenTurn]);
  const view = zoom ?? [trace.start, trace.start + trace.length];
  const goTo = (name) => scroller.current.querySelector(`#${name}`)?.scrollIntoView({ block: 'start' });
  return html`<section class="detail" ref=${scroller} aria-label="Run" onPointerDown=${() => pane.set('run')} data-entered=${entered ? 'yes' : undefined}>
    <${Head} id=${id} trace=${trace} whole=${whole} logs=${logs.data} talk=${talk.turns.length > 0 && heading} following=${following} onGo=${goTo} />
    ${talk.turns.length > 0 && html`<h2 id="conversation">${heading}</h2>
      ${said}`}
    <div class="bar-head"><h2 id="timeline">Timeline</h2>
      <label class="find"><input ref=${finder} type="search" placeholder="Find in this run" aria-label="Find in this run" value=${find} maxlength="200"
        onInput=${(event) => setFind(event.currentTarget.value)}
        onKeyDown=${(event) => event.key === 'Enter' && found && move(next((one) => found.has(one.key)))} />
        ${found ? html`<span class="dim">${count(found.size)} of ${count(trace.rows.length)}</span>` : html`<kbd aria-hidden="true">f</kbd>`}</label></div>
    <${Axis} window=${view} origin=${trace.start} zoomed=${Boolean(zoom)} onZoom=${setZoom} onReset=${() => setZoom(null)} />
    <${Waterfall} trace=${trace} rows=${rows} closed=${closed} selected=${selected} found=${found} window=${view} scroller=${scroller} onSelect=${select} onToggle=${toggle} />
    <${TraceLogs} logs=${logs} trace=${trace} id=${id} selected=${selected} scroller=${scroller} onSelect=${select} />
  </section>
  ${node && html`<${SpanAside} trace=${trace} node=${node} logs=${logs} onSelect=${select} onClose=${() => setParams({ span: null })} />`}
  ${selected && !node && html`<aside class="aside"><${Empty} title="Span not found."><p class="dim">This run has no span ${shortId(selected)}.</p><//></aside>`}`;
}

// Part of the timeline, in the address as milliseconds from the start: "693.2-1390".
function zoomed(written, trace) {
  const match = /^([\d.]+)-([\d.]+)$/.exec(written ?? '');
  const range = match && [match[1], match[2]].map((time) => trace.start + Number(time) * 1e6);
  return range && range[1] > range[0] ? range : null;
}

function Head({ id, trace, whole, logs, talk, following, onGo }) {
  // The sums are over the whole run; the page may have only its first spans.
  const { total, usage, summary } = whole;
  const failed = outcome(trace);
  const head = useRef(null);
  useLayoutEffect(() => {
    // Elements that stick below the head need its height.
    const measure = () => head.current.parentElement.style.setProperty('--head', `${head.current.offsetHeight}px`);
    const observer = new ResizeObserver(measure);
    observer.observe(head.current);
    return () => observer.disconnect();
  }, []);
  return html`<div class="head stick" ref=${head}>
    <h1>${runTitle(summary)}</h1>
    <div class="facts"><b>${duration(whole.duration_nano)}</b>
      <span>${plural(trace.services.length, 'service')} · ${plural(total, 'span')}${logs ? ` · ${plural(logs.total, 'log')}` : ''}</span>
      ${usage.input_tokens + usage.output_tokens > 0 && html`<span>${count(usage.input_tokens)} in · ${count(usage.output_tokens)} out tok</span>`}
      ${trace.cost != null && html`<span title="Cost of the model calls with a known price">${dollars(trace.cost)}</span>`}
      ${failed && html`<span class="err">${failed}</span>`}
      ${total > trace.rows.length && html`<span class="warn">first ${count(trace.rows.length)} of ${count(total)} spans</span>`}
      ${whole.conflicts.length > 0 && html`<span class="warn" title=${whole.conflicts.join('\n')}>${plural(whole.conflicts.length, 'span id')} used twice</span>`}
      ${summary.unusable_times > 0 && html`<span class="warn" title="Zero, far from the time of arrival, or an end before the start">${plural(summary.unusable_times, 'span')} with unusable times</span>`}
      ${trace.orphans > 0 && html`<span class="warn">${plural(trace.orphans, 'span')} without ${trace.orphans === 1 ? 'its' : 'their'} parent</span>`}
      <time title=${moment(trace.start)}>${moment(trace.start).slice(0, -4)}</time>
      <${Copy} className="copyid mono" label=${shortId(id)} text=${id} title="Copy the trace id" />
      ${following && html`<span class="faint">newest run</span>`}</div>
    <div class="legend"><span class="who">${trace.services.map((service) => html`<span key=${service.name}><${Dot} service=${service.name} /> ${service.name}</span>`)}</span>
      <span class="jumps">${talk && html`<button type="button" onClick=${() => onGo('conversation')}>${talk}</button>`}
        <button type="button" onClick=${() => onGo('timeline')}>Timeline</button>
        <button type="button" onClick=${() => onGo('logs')}>Logs</button></span></div>
  </div>`;
}

const LINE = 22;

function TraceLogs({ logs, trace, id, selected, scroller, onSelect }) {
  const list = useRef(null);
  const records = useMemo(() => [...(logs.data?.logs ?? [])].reverse(), [logs.data]);
  const [from, to] = useVisibleRows(scroller, list, records.length, LINE);
  return html`<h2 id="logs">Logs</h2>
    ${logs.error && !logs.data && html`<${Failed} error=${logs.error} what="The logs of this run" onRetry=${logs.reload} />`}
    ${logs.data && !records.length && html`<p class="hint">No log records have this trace id.</p>`}
    <div class="lines mono" ref=${list} style=${{ height: `${records.length * LINE}px` }}>${records.slice(from, to).map((record, i) => html`
      <div key=${record.cursor} class=${`line${record.span_id && record.span_id === selected ? ' on' : ''}`} style=${{ transform: `translateY(${(from + i) * LINE}px)` }}
        title=${moment(recordTime(record))} onClick=${() => trace.byId.has(record.span_id) && onSelect(record.span_id, 'conversation')}>
        <span class="dim">${clockMillis(recordTime(record))}</span><${Level} number=${record.severity_number} words=${record.severity_text} />
        <${Dot} service=${record.service} /><span class="cut">${text(record.body) || record.event_name}</span></div>`)}</div>
    ${logs.data && logs.data.total > records.length && html`<p class="hint">The newest ${count(records.length)} of ${count(logs.data.total)}. <a href=${link('logs', null, { q: `trace=${id}` })}>Open in Logs</a></p>`}
    <div class="tail"></div>`;
}
