/** Icons of one family: 20 × 20, drawn by lines, hidden from screen readers. */
import { html, svg } from '../lib/html.js';

/** @type {Record<string, string[]>} */
const PATHS = {
  syncs: ['M3 7h12m-3-3 3 3-3 3', 'M17 13H5m3-3-3 3 3 3'],
  activity: ['M2.5 10.5h3.5l2.5-6 3.5 11 2.5-5h3'],
  conflicts: ['M10 17v-5', 'M10 12 5 7V3', 'M10 12l5-5V3', 'M3 5l2-2 2 2', 'M13 5l2-2 2 2'],
  files: ['M3 5.5a1 1 0 0 1 1-1h4l1.7 2H16a1 1 0 0 1 1 1v7.5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1z'],
  accounts: ['M5.5 15.5a3.5 3.5 0 0 1-.5-6.96A5 5 0 0 1 14.7 7.6a4 4 0 0 1-.2 7.9z'],
  statistics: ['M4 16.5V11', 'M8 16.5V6.5', 'M12 16.5V9', 'M16 16.5V3.5'],
  settings: ['M3 6h8m4 0h2', 'M3 14h2m4 0h8', 'M13 4v4', 'M7 12v4'],
  more: ['M4.5 10h.01', 'M10 10h.01', 'M15.5 10h.01'],
  plus: ['M10 4v12', 'M4 10h12'],
  check: ['M4 10.5 8 14.5 16 6'],
  alert: ['M10 3.5 18 16.5H2z', 'M10 8.5v3.5', 'M10 14.3v.01'],
  stop: ['M6.7 2.5h6.6l4.2 4.2v6.6l-4.2 4.2H6.7l-4.2-4.2V6.7z', 'M10 6.5v4.5', 'M10 13.6v.01'],
  pause: ['M7 5v10', 'M13 5v10'],
  play: ['M6 4.5 15.5 10 6 15.5z'],
  wait: ['M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4z', 'M10 6v4.3l2.7 1.7'],
  refresh: ['M16 10a6 6 0 1 1-1.8-4.3', 'M16.5 3v3.5H13'],
  close: ['M5 5l10 10', 'M15 5 5 15'],
  right: ['M8 5l5 5-5 5'],
  left: ['M12 5l-5 5 5 5'],
  down: ['M5 8l5 5 5-5'],
  up: ['M10 16V4', 'M5 9l5-5 5 5'],
  arrow: ['M4 10h12', 'M11.5 5.5 16 10l-4.5 4.5'],
  search: ['M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z', 'M13 13l4 4'],
  folder: ['M3 5.5a1 1 0 0 1 1-1h4l1.7 2H16a1 1 0 0 1 1 1v7.5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1z'],
  file: ['M5.5 2.5h6l3.5 3.5v11.5h-9.5z', 'M11.5 2.5V6H15'],
  image: ['M3.5 4.5h13v11h-13z', 'M4 14l3.5-4 3 3 2-2 3.5 3.5', 'M12.5 8v.01'],
  trash: ['M4 5.5h12', 'M8 5.5V3.5h4v2', 'M5.5 5.5l.8 11h7.4l.8-11'],
  edit: ['M4 16l.7-3.5L13.5 3.7l2.8 2.8-8.8 8.8z'],
  move: ['M4 10h12', 'M12 6l4 4-4 4', 'M4 5v10'],
  copy: ['M7.5 7.5h9v9h-9z', 'M12.5 7.5v-4h-9v9h4'],
  user: ['M10 3.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6z', 'M4 16.5c.6-3 3-4.5 6-4.5s5.4 1.5 6 4.5'],
  key: ['M7 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z', 'M9.5 9.5 16.5 3', 'M13.5 6l2 2'],
  device: ['M3 4.5h14v9H3z', 'M7 16.5h6'],
  offline: ['M3 3l14 14', 'M5.5 15.5a3.5 3.5 0 0 1-.5-6.96', 'M8 5a5 5 0 0 1 6.7 2.6 4 4 0 0 1 2 6.5'],
  sun: ['M10 6.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4z', 'M10 2v1.5', 'M10 16.5V18', 'M2 10h1.5', 'M16.5 10H18', 'M4.3 4.3l1.1 1.1', 'M14.6 14.6l1.1 1.1', 'M4.3 15.7l1.1-1.1', 'M14.6 5.4l1.1-1.1'],
  exit: ['M8 4H4v12h4', 'M8 10h9', 'M13.5 6.5 17 10l-3.5 3.5'],
  inbox: ['M3 11.5 5.5 4h9l2.5 7.5V16H3z', 'M3 11.5h4l1 2h4l1-2h4'],
  // What accounts are at: signs of our own, not the providers' trade marks.
  drive: ['M7.5 3.5h5l5 9-2.5 4H5l-2.5-4z', 'M7.5 3.5l5 9', 'M12.5 3.5 5 16.5', 'M2.5 12.5h15'],
  dropbox: ['M3 7l7-4 7 4-7 4z', 'M3 7v6l7 4 7-4V7', 'M10 11v6'],
  onedrive: ['M5.5 15.5a3.5 3.5 0 0 1-.5-6.96A5 5 0 0 1 14.7 7.6a4 4 0 0 1-.2 7.9z'],
  s3: ['M4 5.5c0-1.1 2.7-2 6-2s6 .9 6 2-2.7 2-6 2-6-.9-6-2z', 'M4 5.5l1.5 9.5c.2 1 2 1.7 4.5 1.7s4.3-.7 4.5-1.7L16 5.5'],
};

/**
 * @param {string} name
 * @param {string} [extra] more classes
 */
export function icon(name, extra = '') {
  return html`<svg class="icon ${extra}" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    ${(PATHS[name] ?? PATHS.file).map((d) => svg`<path d=${d}></path>`)}
  </svg>`;
}

/**
 * The mark of a provider, in its tile.
 * @param {string} kind
 */
export function mark(kind) {
  return html`<span class="mark mark-${kind}">${icon(kind)}</span>`;
}

/** @type {Record<import('../lib/words.js').Tone, string>} */
const TONES = { good: 'check', busy: 'refresh', warn: 'wait', bad: 'stop', calm: 'pause' };

/**
 * A state in a word, by sign, colour and text.
 * @param {import('../lib/words.js').Tone} tone
 * @param {string} text
 * @param {string} [sign]
 */
export function badge(tone, text, sign = TONES[tone]) {
  return html`<span class="badge ${tone}">${icon(sign)}${text}</span>`;
}
