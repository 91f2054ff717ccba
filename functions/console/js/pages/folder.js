/** What is in a folder, of the same view as the search. */
import { path as at, query } from '../lib/api.js';
import { html, nothing } from '../lib/html.js';
import { time } from '../lib/format.js';
import { to } from '../lib/router.js';
import { fileTable, pendingBox } from '../parts/filetable.js';
import { head } from '../parts/frame.js';
import { empty, listed } from '../parts/states.js';

/** @import { Listing, Resource } from '../lib/resource.js' */
/** @import { File, Sync } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

/** @param {Context} context @param {string} sync @param {string} endpoint @returns {Page} */
export function folder({ scope, place }, sync, endpoint) {
  const path = place.query.get('path') ?? '';
  /** @type {Listing<File>} */
  const list = scope.list('/files/in' + query({ sync, endpoint, path }), `sync:${sync}`);
  /** @type {Resource<Sync>} */
  const known = scope.one(at`/syncs/${sync}`, `sync:${sync}`);
  const parts = path.split('/').filter(Boolean);
  const base = to`#/files/in/${sync}/${endpoint}`;

  function crumbs() {
    const root = known.data?.endpoints.find((each) => each.id === endpoint);
    return html`<nav class="crumbs" aria-label="Where you are">
      <ol>
        <li><a class="crumb" href="#/files">Files</a></li>
        <li>
          <a class="crumb" href=${base}>${root ? `${root.account}${root.path ? `:${root.path}` : ''}` : sync}</a>
        </li>
        ${parts.map(
          (part, index) => html`<li>
            <a
              class="crumb"
              aria-current=${index === parts.length - 1 ? 'page' : nothing}
              href=${`${base}?path=${encodeURIComponent(parts.slice(0, index + 1).join('/'))}`}
              ><bdi>${part}</bdi></a
            >
          </li>`,
        )}
      </ol>
    </nav>`;
  }

  const title = parts.at(-1) ?? sync;
  return {
    title,
    view: () => html`${head(title)}${crumbs()}
      ${listed(
        list,
        (items) => html`${pendingBox(list.page?.pending ?? [])}${fileTable(items, { places: false })}
          ${list.page?.as_of ? html`<p class="note">As of ${time(list.page.as_of)}</p>` : nothing}`,
        {
          none: () => html`${pendingBox(list.page?.pending ?? [])}
            ${empty({ sign: 'folder', title: 'This folder is empty' })}`,
        },
      )}`,
  };
}
