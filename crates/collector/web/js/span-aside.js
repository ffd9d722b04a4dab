// One span: first its error, then its events, logs and metric, then its attributes.
import { Copy, Dot, html, useEffect, useMemo, useState } from './ui.js';
import { getJson, useResource, withQuery } from './api.js';
import { clockMillis, count, duration, moment, quantity, recordTime, shortId, text } from './format.js';
import { cause, explain, isError, isModelCall, isTool, operation } from './trace.js';
import { CutValues, Groups, Level, Pairs, Resource } from './attributes.js';
import { link } from './router.js';

const LOGS = 50;

export function SpanAside({ trace, node, logs, onSelect, onClose }) {
  const { span } = node;
  const failed = isError(span);
  // The run's logs are loaded already. If they were truncated, the span loads its own.
  const partial = logs.data && logs.data.total > logs.data.returned;
  const asked = useResource(partial ? withQuery('/api/otel/logs', { trace_id: span.trace_id, span_id: span.span_id, limit: LOGS }) : null, logs.data?.total);
  const source = partial ? asked.data : logs.data;
  const own = useMemo(() => (source?.logs ?? []).filter((record) => record.span_id === span.span_id).reverse(), [source, span.span_id]);
  const amount = partial ? asked.data?.total ?? 0 : own.length;
  const events = span.events.filter((event) => event.name !== 'exception' || event.attributes?.['exception.stacktrace'] || !failed);
  return html`<aside class="aside" aria-label="Span">
    <button type="button" class="close" aria-label="Close the span" onClick=${onClose}>×</button>
    <h1 class=${failed ? 'err' : ''}>${span.name}</h1>
    <div class="dim"><${Dot} service=${span.service} /> ${span.service}${span.kind === 'internal' || span.kind === 'unspecified' ? '' : ` · ${span.kind}`}
      ${' · '}${duration(span.duration_nano)} · starts at ${duration(span.start_unix_nano - trace.start)}</div>
    <div class="buttons">
      <${Copy} label="Copy link" text=${() => location.href} title="Copy the address of this span" />
      <${Copy} label="Copy JSON" text=${() => JSON.stringify(span, null, 2)} title="Copy the span as JSON" />
      ${own.length > 0 && html`<a class="btn" href=${link('logs', null, { q: `trace=${span.trace_id} span_id=${span.span_id}` })}>Logs ${count(amount)}</a>`}
    </div>
    ${node.conflict && html`<div class="note" role="note">Another span of this trace has the same span id and different content. Both are shown; spans that name this id as their parent are below the first.</div>`}
    ${failed && html`<${What} node=${node} trace=${trace} onSelect=${onSelect} />`}
    <${OwnAttributes} span=${span} />
    <${CutValues} cut=${span.cut} />
    ${events.length > 0 && html`<h2>Events</h2><div class="mono">${events.map((event, i) => html`<${Event} key=${i} event=${event} start=${span.start_unix_nano} />`)}</div>`}
    ${own.length > 0 && html`<h2>Logs of this span</h2><div class="mono">${own.slice(0, LOGS).map((record) => html`
      <div class="log" key=${record.cursor} title=${moment(recordTime(record))}><span class="dim">${clockMillis(recordTime(record)).slice(6)}</span>
        <${Level} number=${record.severity_number} words=${record.severity_text} /><span class="wrap">${text(record.body)}</span></div>`)}</div>
      ${amount > LOGS && html`<a href=${link('logs', null, { q: `trace=${span.trace_id} span_id=${span.span_id}` })}>All ${count(amount)} records</a>`}`}
    <${Moment} key=${node.key} span=${span} />
    ${span.links?.length > 0 && html`<h2>Links</h2><ul class="plainlist mono">${span.links.map((one) => html`<li>
      <a href=${link('runs', one.trace_id, { span: one.span_id })}>${shortId(one.trace_id)} / ${shortId(one.span_id)}</a>
      ${Object.keys(one.attributes ?? {}).length > 0 && html`<${Pairs} entries=${Object.entries(one.attributes)} />`}</li>`)}</ul>`}
    <h2>Span</h2><${Pairs} entries=${[['span_id', span.span_id], ['parent_span_id', span.parent_span_id ?? 'none: it is a root'], ['trace_id', span.trace_id],
      ['start', moment(span.start_unix_nano)], ['status', span.status]]} />
    <${Resource} resource=${span.resource} scope=${span.scope} />
  </aside>`;
}

/** Puts the group that matters for the kind of span first: tool, agent or model. */
function OwnAttributes({ span }) {
  if (Object.keys(span.attributes).length === 0) return html`<p class="dim">This span has no attributes.</p>`;
  return html`<${Groups} key=${span.span_id} attributes=${span.attributes} />`;
}

function What({ node, trace, onSelect }) {
  const why = explain(node, trace);
  const from = cause(node);
  const deeper = from && explain(from, trace);
  return html`<div class="note" role="note">
    <p>${why.type && html`<b>${why.type}</b>`}${why.type && ' — '}${why.what}${why.done && ` ${why.done}`}</p>
    ${from && html`<p>Caused by <button type="button" class="more" onClick=${() => onSelect(from.key)}>${from.span.name}</button> of ${from.span.service}${deeper.what && deeper.what !== why.what ? html`: ${deeper.what}` : '.'}</p>`}
  </div>`;
}

function Event({ event, start }) {
  const { 'exception.message': message, 'exception.type': type, 'exception.stacktrace': stack, message: plain, level, ...rest } = event.attributes ?? {};
  const bad = event.name === 'exception' || /error|fail/i.test(event.name) || /error/i.test(text(level));
  const warning = !bad && (/retry|circuit|breaker|warn/i.test(event.name) || /warn/i.test(text(level)));
  const words = [text(type), text(message ?? plain)].filter(Boolean).join(': ');
  return html`<div class="log"><span class="dim">+${duration(event.time_unix_nano - start)}</span>
    <span class=${`level ${bad ? 'error' : warning ? 'warn' : ''}`}>${bad ? 'error' : warning ? 'warn' : 'event'}</span>
    <div class="wrap">${event.name === 'exception' ? words || 'exception' : html`${event.name}${words && ` ${words}`}`}
      ${Object.keys(rest).length > 0 && html`<span class="dim"> ${Object.entries(rest).map(([name, value]) => `${name}=${text(value)}`).join(' ')}</span>`}
      ${stack && html`<details><summary class="dim">Stack</summary><pre>${text(stack)}</pre></details>`}</div></div>`;
}

// The metric that measures what the span is, first choice first.
function candidates(span) {
  if (isModelCall(span) || operation(span) === 'embeddings') return ['gen_ai.client.operation.duration', 'gen_ai.client.inference.duration'];
  if (isTool(span)) return ['gen_ai.execute_tool.duration', 'gen_ai.client.operation.duration'];
  if (operation(span)) return [`gen_ai.${operation(span)}.duration`, 'gen_ai.client.operation.duration'];
  if (span.kind === 'server') return span.attributes['rpc.system'] ? ['rpc.server.duration', 'rpc.server.call.duration'] : ['http.server.request.duration'];
  if (span.kind === 'client') {
    if (span.attributes['db.system.name'] || span.attributes['db.system']) return ['db.client.operation.duration'];
    return span.attributes['rpc.system'] ? ['rpc.client.duration', 'rpc.client.call.duration'] : ['http.client.request.duration'];
  }
  return [];
}

const BEFORE = 15 * 60e9;
const AFTER = 3 * 60e9;

/** The metric around the moment of the span, over the series that agree with its attributes. */
function Moment({ span }) {
  const [drawn, setDrawn] = useState(null);
  useEffect(() => {
    const abort = new AbortController();
    const look = async () => {
      for (const name of candidates(span)) {
        const path = withQuery('/api/otel/metrics', {
          name, service: span.service, since: Math.round(span.start_unix_nano - BEFORE), until: Math.round(span.end_unix_nano + AFTER), limit: 2000,
        });
        try {
          const answer = await getJson(path, abort.signal);
          const agrees = (answer.series ?? []).filter((one) => Object.entries(one.attributes)
            .every(([key, value]) => span.attributes[key] == null || text(span.attributes[key]) === text(value)));
          if (!agrees.length) continue;
          const { prepare, variants } = await import('./series.js');
          const [most] = variants(answer.metric, agrees);
          const ready = prepare(most.metric, most.series, { from: (span.start_unix_nano - BEFORE) / 1e9, to: (span.end_unix_nano + AFTER) / 1e9 });
          const panel = ready.panels[0];
          const line = panel?.lines.find((one) => one.label === 'p95') ?? panel?.lines[0];
          if (!line || line.values.every((value) => value == null)) continue;
          setDrawn({ name, unit: panel.unit, label: line.label, times: ready.times, values: line.values });
          return;
        } catch {
          return; // The metric is an extra: without it the span is still shown.
        }
      }
    };
    look();
    return () => abort.abort();
  }, [span.span_id]);
  if (!drawn) return null;
  return html`<h2>Metric at this moment</h2>
    <a class="moment" href=${link('metrics', drawn.name)}><${Spark} ...${drawn} at=${span.end_unix_nano / 1e9} /></a>`;
}

function Spark({ name, label, times, values, unit, at }) {
  const known = values.map((value, i) => [times[i], value]).filter(([, value]) => value != null);
  const [left, right] = [Math.min(known[0][0], at), Math.max(known.at(-1)[0], at)];
  const top = Math.max(...known.map(([, value]) => value)) || 1;
  const x = (time) => 4 + ((time - left) / Math.max(1e-9, right - left)) * 332;
  const y = (value) => 50 - (value / top) * 42;
  const near = known.reduce((best, one) => (Math.abs(one[0] - at) < Math.abs(best[0] - at) ? one : best));
  return html`<span class="dim">${name} · ${label} <b>${quantity(near[1], unit)}</b></span><svg viewBox="0 0 340 56" role="img" aria-label=${`${quantity(near[1], unit)} near this span, at most ${quantity(top, unit)}`}>
    <path class="base" d="M0 52H340" />
    ${known.length > 1 && html`<path class="line" d=${known.map(([time, value], i) => `${i ? 'L' : 'M'}${x(time).toFixed(1)} ${y(value).toFixed(1)}`).join('')} />`}
    <circle cx=${x(near[0]).toFixed(1)} cy=${y(near[1]).toFixed(1)} r="3.2" />
  </svg>`;
}
