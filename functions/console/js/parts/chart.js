/** Plots as inline SVG, each with the same figures as a table for those who do not see it. */
import { html, svg, nothing } from '../lib/html.js';

/**
 * @typedef {object} Bar
 * @property {string} label
 * @property {number} value
 * @property {string} says the value as people read it
 * @property {string} [note]
 * @property {string} [href]
 */

/**
 * Bars from left to right, the longest first.
 * @param {string} title
 * @param {Bar[]} bars
 */
export function bars(title, bars) {
  const most = Math.max(1, ...bars.map((each) => each.value));
  return html`<table class="bars" aria-label=${title}>
    <tbody>
      ${bars.map(
        (each) => html`<tr>
          <th scope="row">${each.href ? html`<a href=${each.href}>${each.label}</a>` : each.label}</th>
          <td class="bar-cell">
            <svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
              <rect width=${Math.max(0.6, (each.value / most) * 100)} height="10" rx="0"></rect>
            </svg>
          </td>
          <td class="bar-value">
            ${each.says}${each.note ? html`<span class="row-sub">${each.note}</span>` : nothing}
          </td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

const WIDTH = 720;
const HEIGHT = 180;
const FOOT = 22;
const LEFT = 36;

/**
 * Columns over days, stacked by kind.
 * @param {string} title
 * @param {{label: string, parts: {kind: string, tone: string, value: number}[]}[]} columns
 */
export function columns(title, columns) {
  const totals = columns.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0));
  const most = nice(Math.max(1, ...totals));
  const step = (WIDTH - LEFT) / Math.max(1, columns.length);
  const plot = HEIGHT - FOOT - 8;
  /** @param {number} value */
  const y = (value) => 8 + plot - (value / most) * plot;
  const every = Math.ceil(columns.length / 7);
  return html`<svg class="columns" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${title}>
      ${[0, most / 2, most].map(
        (value) => svg`<line class="grid" x1=${LEFT} x2=${WIDTH} y1=${y(value)} y2=${y(value)}></line>
          <text class="axis" x=${LEFT - 6} y=${y(value) + 4} text-anchor="end">${short(value)}</text>`,
      )}
      ${columns.map(({ label, parts }, index) => {
        let below = 0;
        const x = LEFT + index * step;
        return svg`<g><title>${label}: ${totals[index]}</title>
          ${parts.map(({ tone, value }) => {
            const from = below;
            below += value;
            return svg`<rect class="column ${tone}" x=${x + step * 0.15} width=${step * 0.7}
              y=${y(below)} height=${Math.max(0, y(from) - y(below))}></rect>`;
          })}
          ${index % every === 0
            ? svg`<text class="axis" x=${x + step / 2} y=${HEIGHT - 6} text-anchor="middle">${label}</text>`
            : nothing}
        </g>`;
      })}
    </svg>
    ${figures(title, columns)}`;
}

/**
 * @param {string} title
 * @param {{label: string, parts: {kind: string, value: number}[]}[]} columns
 */
function figures(title, columns) {
  const kinds = [...new Set(columns.flatMap(({ parts }) => parts.map(({ kind }) => kind)))];
  return html`<details class="figures">
    <summary>As a table</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="${title}, as a table">
      <table class="table">
        <thead>
          <tr><th scope="col">Day</th>${kinds.map((kind) => html`<th scope="col">${kind}</th>`)}</tr>
        </thead>
        <tbody>
          ${columns.map(
            ({ label, parts }) => html`<tr>
              <th scope="row">${label}</th>
              ${kinds.map((kind) => html`<td>${parts.find((each) => each.kind === kind)?.value ?? 0}</td>`)}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

/** The next round number. @param {number} value */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 5, 10].find((each) => each * power >= value) ?? 10) * power;
}

/** @param {number} value */
function short(value) {
  return value >= 1000 ? `${value / 1000}k` : String(value);
}

/**
 * How full something is.
 * @param {string} label
 * @param {number} share 0 … 1
 */
export function meter(label, share) {
  const tone = share > 0.95 ? 'bad' : share > 0.85 ? 'warn' : '';
  return html`<svg
    class="meter ${tone}"
    viewBox="0 0 100 4"
    preserveAspectRatio="none"
    role="img"
    aria-label=${label}
  >
    <rect class="meter-all" width="100" height="4"></rect>
    <rect class="meter-used" width=${Math.min(100, share * 100)} height="4"></rect>
  </svg>`;
}
