/** Figures over everything, as plots. */
import { html, nothing } from '../lib/html.js';
import { bytes, count, dateOf, plural, time } from '../lib/format.js';
import { TYPES, verbOf } from '../lib/words.js';
import { bars, columns } from '../parts/chart.js';
import { fileTable, pendingBox } from '../parts/filetable.js';
import { head } from '../parts/frame.js';
import { mark } from '../parts/icons.js';
import { empty, settled, skeleton } from '../parts/states.js';

/** @import { Resource } from '../lib/resource.js' */
/** @import { Amount, Day, Duplicate, Statistics } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

/** @param {Context} context @returns {Page} */
export function statistics({ scope }) {
  /** @type {Resource<Statistics>} */
  const known = scope.one('/statistics', 'sync');
  return {
    title: 'Statistics',
    view: () => html`${head('Statistics')}${settled(known, show, skeleton(3, 'card'))}`,
  };
}

/** @param {Statistics} data */
function show(data) {
  const files = data.by_account.reduce((sum, each) => sum + each.files, 0);
  const all = data.by_account.reduce((sum, each) => sum + each.bytes, 0);
  const wasted = data.duplicates.reduce((sum, each) => sum + each.wasted, 0);
  const changes = data.days.reduce((sum, day) => sum + totalOf(day), 0);
  if (files === 0 && data.days.length === 0) {
    return html`${pendingBox(data.pending)}
      ${empty({
        sign: 'statistics',
        title: 'Nothing to count yet',
        text: 'Once a sync has files, their sizes, types and changes are plotted here.',
      })}`;
  }
  return html`${pendingBox(data.pending)}
    <dl class="figures-row">
      <div><dt>Files</dt><dd>${count(files)}</dd></div>
      <div><dt>Size</dt><dd>${bytes(all)}</dd></div>
      <div><dt>Changes in ${plural(data.days.length, 'day')}</dt><dd>${count(changes)}</dd></div>
      <div><dt>Wasted by duplicates</dt><dd>${bytes(wasted)}</dd></div>
    </dl>
    <div class="plots">
      <section class="card padded">
        <h2>By account</h2>
        ${bars('Bytes by account', amounts(data.by_account, (key) => key))}
      </section>
      <section class="card padded">
        <h2>By type</h2>
        ${bars('Bytes by type', amounts(merged(data.by_type), (key) => TYPES[/** @type {keyof typeof TYPES} */ (key)] ?? key, true))}
      </section>
      <section class="card padded spans">
        <h2>Changes a day</h2>
        ${data.days.length ? columns('Changes a day', data.days.map(dayColumn)) : html`<p class="note">None yet.</p>`}
      </section>
    </div>
    <section aria-labelledby="largest-title">
      <h2 id="largest-title">Largest</h2>
      ${data.largest.length ? fileTable(data.largest) : html`<p class="note">No files.</p>`}
    </section>
    <section aria-labelledby="twice-title">
      <h2 id="twice-title">Duplicates <span class="count-note">${bytes(wasted)} wasted</span></h2>
      ${data.duplicates.length
        ? html`<ul class="rows">${data.duplicates.map(duplicate)}</ul>`
        : html`<p class="note">No content is there twice, but for what is kept in step.</p>`}
    </section>
    ${data.as_of ? html`<p class="note">As of ${time(data.as_of)}</p>` : nothing}`;
}

/** @param {Duplicate} each */
function duplicate(each) {
  return html`<li class="row tall">
    <span class="row-main">
      <span class="row-name">${plural(each.files.length, 'copy', 'copies')} of ${bytes(each.size)}</span>
      <ul class="copies">
        ${each.files.map(
          (file) => html`<li title=${file.path}>${mark(file.kind)}<span>${file.account}</span><bdi>${file.path}</bdi></li>`,
        )}
      </ul>
    </span>
    <span class="row-end">${bytes(each.wasted)} wasted</span>
  </li>`;
}

/**
 * @param {Amount[]} amounts
 * @param {(key: string) => string} title
 * @param {boolean} [typed] whether each is a type that files can be searched by
 */
function amounts(amounts, title, typed = false) {
  return [...amounts]
    .sort((a, b) => b.bytes - a.bytes)
    .map((each) => ({
      label: title(each.key),
      value: each.bytes,
      says: bytes(each.bytes),
      note: plural(each.files, 'file'),
      href: typed ? `#/files?type=${each.key}` : `#/files?account=${encodeURIComponent(each.account || each.key)}`,
    }));
}

/** The same type in several accounts is one. @param {Amount[]} amounts */
function merged(amounts) {
  /** @type {Map<string, Amount>} */
  const sums = new Map();
  for (const each of amounts) {
    const sum = sums.get(each.key) ?? { key: each.key, account: '', files: 0, bytes: 0 };
    sums.set(each.key, { ...sum, files: sum.files + each.files, bytes: sum.bytes + each.bytes });
  }
  return [...sums.values()];
}

/** @param {Day} day */
function dayColumn({ day, counts }) {
  return {
    label: dateOf(day),
    parts: Object.entries(counts).map(([verb, value]) => ({
      kind: verbOf(verb).did,
      tone: verb,
      value,
    })),
  };
}

/** @param {Day} day */
function totalOf(day) {
  return Object.values(day.counts).reduce((sum, each) => sum + each, 0);
}
