/** Files as a table, or on a phone as a list. */
import { html, nothing } from '../lib/html.js';
import { bytes, time } from '../lib/format.js';
import { to } from '../lib/router.js';
import { icon, mark } from './icons.js';
import { box } from './states.js';

/** @import { File } from '../shapes.js' */

/** @type {Record<File['type'], string>} */
const SIGNS = {
  folder: 'folder',
  document: 'file',
  image: 'image',
  video: 'play',
  audio: 'activity',
  archive: 'inbox',
  code: 'file',
  other: 'file',
};

/** Where a file is, or the folder that it is. @param {File} file */
function where(file) {
  const slash = file.path.lastIndexOf('/');
  const folder = file.type === 'folder' ? file.path : slash < 0 ? '' : file.path.slice(0, slash);
  const base = to`#/files/in/${file.sync}/${file.endpoint}`;
  return folder ? `${base}?path=${encodeURIComponent(folder)}` : base;
}

/**
 * @param {File[]} files
 * @param {{sort?: string, by?: (sort: string) => void, places?: boolean}} [how] places: say where each is
 */
export function fileTable(files, { sort = '', by, places = true } = {}) {
  return html`<table class="table files">
    <thead>
      <tr>
        ${column('name', 'Name', sort, by)} ${places ? html`<th scope="col" class="place">Where</th>` : nothing}
        ${column('size', 'Size', sort, by)} ${column('modified', 'Changed', sort, by)}
      </tr>
    </thead>
    <tbody>
      ${files.map(
        (each) => html`<tr>
          <th scope="row">
            <span class="file-name">
              ${icon(SIGNS[each.type])}
              ${places || each.type === 'folder'
                ? html`<a href=${where(each)} title=${each.path}><bdi>${each.name}</bdi></a>`
                : html`<span title=${each.path}><bdi>${each.name}</bdi></span>`}
            </span>
          </th>
          ${places
            ? html`<td class="place">
                <span class="file-place">${mark(each.kind)}${each.account}<bdi class="row-sub">${folderOf(each)}</bdi></span>
              </td>`
            : nothing}
          <td class="figure">${each.size == null ? '' : bytes(each.size)}</td>
          <td class="figure">${each.modified_at ? time(each.modified_at) : ''}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

/** @param {File} file */
function folderOf(file) {
  return file.path.slice(0, Math.max(0, file.path.length - file.name.length - 1));
}

/**
 * A column that can be sorted by: names from A to Z, what is largest or newest first.
 * @param {string} key @param {string} title @param {string} sort
 * @param {((sort: string) => void) | undefined} by
 */
function column(key, title, sort, by) {
  const cls = key === 'name' ? '' : 'figure';
  if (!by) return html`<th scope="col" class=${cls}>${title}</th>`;
  const way = sort !== key ? nothing : key === 'name' ? 'ascending' : 'descending';
  return html`<th scope="col" class=${cls} aria-sort=${way}>
    <button class="sorter" aria-pressed=${sort === key ? 'true' : 'false'} @click=${() => by(sort === key ? '' : key)}>
      ${title}${sort === key ? icon('down', 'tiny') : nothing}
    </button>
  </th>`;
}

/** @param {string[]} pending */
export function pendingBox(pending) {
  if (pending.length === 0) return nothing;
  return box('info', `The files of ${pending.join(', ')} are still being gathered, and come by themselves.`, {
    sign: 'wait',
  });
}
