// The timeline of a run: a tree of spans with their bars; only what can be seen is in the document.
import { Dot, colour, html, useEffect, useMemo, useRef, useVisibleRows } from './ui.js';
import { duration, plural } from './format.js';
import { fact, firstToken, isError } from './trace.js';

const ROW = 25;
const DEEPEST = 20;
// The share of the width that the bars have, as in the style sheet; on a telephone the names need more.
const LANE = 0.58;
const NARROW = { width: 700, lane: 0.36 };
const LETTER = 6; // the width of a letter of the labels, in pixels, rather too much than too little

/** The times at the quarters of the axis. */
export function Axis({ window: [from, to], origin, zoomed, onZoom, onReset }) {
  const lane = useRef(null);
  const drag = useRef(null);
  const box = useRef(null);
  const at = (event) => {
    const rect = lane.current.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - rect.left) / rect.width));
  };
  const draw = (a, b) => {
    box.current.style.left = `${Math.min(a, b) * 100}%`;
    box.current.style.width = `${Math.abs(b - a) * 100}%`;
  };
  const end = (event) => {
    if (drag.current == null) return;
    const [a, b] = [drag.current, at(event)].sort((x, y) => x - y);
    drag.current = null;
    draw(0, 0);
    if (b - a > 0.005) onZoom([from + a * (to - from), from + b * (to - from)]);
  };
  return html`<div class="axis"><span>${zoomed && html`<button type="button" class="btn" onClick=${onReset}>Whole run <kbd>Esc</kbd></button>`}</span>
    <span class="ticks" ref=${lane} title="Drag to zoom"
      onPointerDown=${(event) => {
        drag.current = at(event);
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove=${(event) => drag.current != null && draw(drag.current, at(event))}
      onPointerUp=${end} onPointerCancel=${end}>
      ${[0, 0.25, 0.5, 0.75, 1].map((part) => html`<i style=${{ left: `${part * 100}%` }}>${zoomed && part > 0 ? `+${duration(part * (to - from))}` : duration(from + part * (to - from) - origin)}</i>`)}
      <u ref=${box}></u>
    </span></div>`;
}

export function Waterfall({ trace, rows, closed, selected, found, window: view, scroller, onSelect, onToggle }) {
  const list = useRef(null);
  const [from, to, width] = useVisibleRows(scroller, list, rows.length, ROW);
  const index = useMemo(() => new Map(rows.map((node, i) => [node.key, i])), [rows]);
  const chosen = index.get(selected) ?? -1;
  const main = trace.roots[0].span.service;
  const narrow = width <= NARROW.width;
  const indent = narrow || trace.depth > 14 ? 7 : trace.depth > 8 ? 10 : 14;
  const share = narrow ? NARROW.lane : LANE;
  const lane = Math.max(100, (width - (narrow ? 20 : 36)) * share);

  useEffect(() => {
    const box = scroller.current;
    if (chosen < 0 || !box || !list.current) return;
    // What stays in place above the rows would cover the row.
    const head = [...box.querySelectorAll('.stick, .axis')].filter((one) => getComputedStyle(one).position === 'sticky')
      .reduce((all, one) => all + one.offsetHeight, 0);
    const top = list.current.getBoundingClientRect().top - box.getBoundingClientRect().top + chosen * ROW;
    // A selection made in the conversation may leave the timeline out of sight: then the reader stays where they are.
    if (box.dataset.from === 'conversation') return;
    if (top < head) box.scrollBy(0, top - head - ROW);
    else if (top > box.clientHeight - ROW * 2) box.scrollBy(0, top - box.clientHeight + ROW * 3);
  }, [selected]);

  return html`<div class="tree" ref=${list} role="tree" aria-label="Timeline" tabindex="0" style=${{ height: `${rows.length * ROW}px` }}
    aria-activedescendant=${chosen >= from && chosen < to ? `span-${selected}` : undefined}>
    ${rows.slice(from, to).map((node, i) => html`<${Row} key=${node.key} node=${node} top=${(from + i) * ROW} view=${view} width=${lane} share=${share} indent=${indent} main=${main}
      on=${node.key === selected} closed=${closed.has(node.key)} dimmed=${found && !found.has(node.key)} why=${found?.get(node.key)}
      onSelect=${onSelect} onToggle=${onToggle} />`)}
  </div>`;
}

function Row({ node, top, view, width, share, indent, main, on, closed, dimmed, why, onSelect, onToggle }) {
  const { span, depth } = node;
  const failed = isError(span);
  const id = node.key;
  const open = node.children.length > 0;
  // The operation comes first: the service is written only beside a name that is there in full, its colour always is.
  const room = (width / share) * (1 - share) - Math.min(depth, DEEPEST) * indent - 52;
  const named = span.service !== main && room >= span.name.length * 7 + span.service.length * 6;
  return html`<div id=${`span-${id}`} class=${`row${on ? ' on' : ''}${dimmed ? ' dimmed' : ''}`} role="treeitem" aria-level=${depth + 1}
    aria-posinset=${node.position + 1} aria-setsize=${node.siblings} aria-selected=${on ? 'true' : 'false'} aria-expanded=${open ? String(!closed) : undefined}
    style=${{ transform: `translateY(${top}px)` }} onClick=${() => onSelect(id)} onDblClick=${() => open && onToggle(id)}>
    <div class="name">
      <span class="guides" style=${{ width: `${Math.min(depth, DEEPEST) * indent}px`, backgroundSize: `${indent}px 100%` }}></span>
      ${depth > DEEPEST && html`<span class="svc" title="Depth">${depth}</span>`}
      ${open ? html`<button type="button" class="twist" tabindex="-1" aria-label=${closed ? 'Open' : 'Close'} aria-hidden="true" onClick=${(event) => {
        event.stopPropagation();
        onToggle(id);
      }}>${closed ? '▸' : '▾'}</button>` : html`<span class="twist"></span>`}
      <${Dot} service=${span.service} />
      <span class=${`t${failed ? ' err' : ''}`} title=${`${span.name}\n${span.service}`}>${span.name}</span>${failed && html`<span class="unseen">, failed</span>`}
      ${closed && html`<span class="svc">${plural(node.size - 1, 'span')}${node.failed > (failed ? 1 : 0) ? html`, <span class="err">${node.failed} failed</span>` : ''}</span>`}
      ${node.orphan && html`<span class="svc" title=${`Its parent ${span.parent_span_id} was not received`}>parent missing</span>`}
      ${span.unusable_times && html`<span class="svc warn" title="Zero, far from the time of arrival, or an end before the start">times unusable</span>`}
      ${node.conflict && html`<span class="svc warn" title="Another span has the same span id and different content">id not unique</span>`}
      ${named && html`<span class="svc end">${span.service}</span>`}
    </div>
    <${Lane} span=${span} view=${view} width=${width} thin=${depth === 0 && open} failed=${failed} why=${why} />
  </div>`;
}

// As many facts as fit beside the bar, right of it or left of it; where not even the duration fits, it stands on the bar.
function fit(parts, left, right, width) {
  for (let n = parts.length; n > 0; n -= 1) {
    const label = parts.slice(0, n).join(' · ');
    const need = ((label.length * LETTER + 14) / width) * 100;
    if (100 - right >= need) return { label, side: 'right' };
    if (left >= need) return { label, side: 'left' };
  }
  return { label: parts[0], side: 'inside' };
}

function Lane({ span, view: [from, to], width, thin, failed, why }) {
  const whole = to - from;
  const percent = (time) => ((time - from) / whole) * 100;
  const start = percent(span.start_unix_nano);
  const end = percent(span.start_unix_nano + span.duration_nano);
  const left = Math.max(0, Math.min(100, start));
  const right = Math.max(left, Math.min(100, end));
  const token = firstToken(span);
  const tokenAt = token != null && token < span.duration_nano ? percent(span.start_unix_nano + token) : null;
  const out = end < 0 || start > 100;
  const { label, side } = fit([duration(span.duration_nano), ...fact(span).split(' · ').filter(Boolean)], left, right, width);
  const place = { right: { left: `${right}%` }, left: { right: `${100 - left}%` }, inside: { right: `${100 - right}%` } }[side];
  return html`<div class="lane">
    ${!out && html`<span class=${`bar${thin ? ' thin' : ''}`} style=${{ left: `${left}%`, width: `${right - left}%`, background: failed ? 'var(--err)' : colour(span.service) }}></span>`}
    ${tokenAt != null && tokenAt > 0 && tokenAt < 100 && html`<u class="token" style=${{ left: `${tokenAt}%` }} title="First token"></u>`}
    ${!out && span.events.length > 0 && span.events.slice(0, 40).map((event) => {
      const x = percent(event.time_unix_nano);
      return x >= 0 && x <= 100 && html`<u class="tick" style=${{ left: `${x}%` }} title=${event.name}></u>`;
    })}
    ${why && why.place !== 'name' ? html`<span class="lab why" title=${`${why.place}: ${why.part}`}>${why.place}: ${why.part}</span>` : html`<span title=${fact(span) || undefined} class=${`lab${side === 'inside' ? ' inside' : ''}`} style=${out ? { left: start > 100 ? 'auto' : '0', right: start > 100 ? '0' : 'auto' } : place}>${out ? (start > 100 ? `${label} →` : `← ${label}`) : label}</span>`}
  </div>`;
}
