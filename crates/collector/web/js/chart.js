// One chart: uPlot with our colours and units, and a legend that is a table.
import uPlot from '../vendor/uplot.js';
import { colour, html, useEffect, useLayoutEffect, useRef, useState } from './ui.js';
import { clock, quantity, unitName } from './format.js';

// The style of the charts is fetched with them: the first paint of a run does not wait for it.
const style = document.createElement('link');
style.rel = 'stylesheet';
style.href = '/assets/vendor/uplot.css';
document.head.prepend(style);

const HEIGHT = 190;
const SYNC = 'glassbox';

const dark = matchMedia('(prefers-color-scheme: dark)');

function useScheme() {
  const [scheme, setScheme] = useState(dark.matches);
  useEffect(() => {
    const change = () => setScheme(dark.matches);
    dark.addEventListener('change', change);
    return () => dark.removeEventListener('change', change);
  }, []);
  return scheme;
}

// The canvas knows no CSS variables: the browser computes the colour once per chart.
function resolved(element, value) {
  const before = element.style.color;
  element.style.color = value;
  const { color } = getComputedStyle(element);
  element.style.color = before;
  return color;
}

// Points that no line connects to another are drawn as dots, or a short process would leave nothing to see.
function alone(chart, index) {
  const values = chart.data[index];
  const found = [];
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
  }
  return found;
}

const QUANTILE_TINTS = { p50: 'var(--s0)', p95: 'var(--s2)', p99: 'var(--s3)' };

/** One colour per line: that of its service where each line has its own, else one after the other. */
function tints(lines, quantiles) {
  const services = lines.map((line) => line.service);
  const own = services.every(Boolean) && new Set(services).size === lines.length;
  return lines.map((line, i) => {
    if (quantiles) return QUANTILE_TINTS[line.label] ?? `var(--s${i % 10})`;
    return own ? colour(line.service) : `var(--s${i % 10})`;
  });
}

export function Chart({ title, unit, times, lines, quantiles }) {
  const box = useRef(null);
  const plot = useRef(null);
  const [cursor, setCursor] = useState(null);
  const [[from, to], setWindow] = useState([-Infinity, Infinity]);
  const scheme = useScheme();
  const colours = tints(lines, quantiles);
  const shape = `${scheme}|${title}|${unit}|${lines.map((line) => line.label).join('\u0000')}`;

  useLayoutEffect(() => {
    const element = box.current;
    const axis = {
      stroke: resolved(element, 'var(--faint)'), font: '11px system-ui, sans-serif',
      grid: { stroke: resolved(element, 'var(--line)'), width: 1 }, ticks: { show: false },
    };
    const chart = new uPlot({
      width: element.clientWidth || 600, height: HEIGHT, legend: { show: false },
      cursor: { sync: { key: SYNC }, points: { size: 6 }, drag: { x: true, y: false } },
      scales: { y: { range: (_, low, high) => [Math.min(0, low ?? 0), high > 0 ? high * 1.08 : (low < 0 ? 0 : 1)] } },
      axes: [
        { ...axis, space: 80, size: 26, values: (_, splits, __, ___, step) => splits.map((time) => (step >= 60 ? clock(time * 1e9).slice(0, 5) : clock(time * 1e9))) },
        { ...axis, size: 64, values: (_, splits) => splits.map((value) => quantity(value, unit)) },
      ],
      series: [{}, ...lines.map((line, i) => ({
        label: line.label, stroke: resolved(element, colours[i]), width: 1.6, spanGaps: false, points: { size: 5, filter: (self, index, show) => (show ? null : alone(self, index)) },
      }))],
      hooks: {
        setCursor: [(self) => setCursor(self.cursor.idx ?? null)],
        setScale: [(self, key) => key === 'x' && setWindow([self.scales.x.min, self.scales.x.max])],
      },
    }, [times, ...lines.map((line) => line.values)], element);
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [shape]);

  const drawn = useRef(null);
  useLayoutEffect(() => {
    if (drawn.current === shape) plot.current?.setData([times, ...lines.map((line) => line.values)]);
    drawn.current = shape;
  }, [times, lines, shape]);

  // The legend describes what the chart shows, also after zooming in.
  const seen = (values) => values.filter((value, i) => value != null && !(times[i] < from) && !(times[i] > to));
  const last = (values) => seen(values).at(-1);
  const peak = (values) => seen(values).reduce((most, value) => (value <= most ? most : value), undefined);
  return html`<figure class="chart">
    <figcaption><b>${title}</b> <span class="dim">${unit === '/s' ? 'per second' : unitName(unit)}</span><span class="push"></span>
      <span class="dim tabular">${cursor != null && times[cursor] ? clock(times[cursor] * 1e9) : ''}</span></figcaption>
    <div ref=${box} class="plot" role="img" aria-label=${`${title}: ${lines.map((line) => `${line.label} last ${quantity(last(line.values), unit)}`).join(', ')}`}></div>
    <table class="legend-table"><thead><tr><th scope="col">line</th><th scope="col">${cursor != null ? 'here' : 'last'}</th><th scope="col">highest</th></tr></thead>
      <tbody>${lines.map((line, i) => html`<tr><th scope="row"><span class="dot" style=${{ background: colours[i] }} aria-hidden="true"></span> ${line.label}</th>
        <td>${quantity(cursor != null ? line.values[cursor] : last(line.values), unit)}</td><td>${quantity(peak(line.values), unit)}</td></tr>`)}</tbody></table>
  </figure>`;
}
