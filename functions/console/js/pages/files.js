/** All files of all accounts: search, and ways into the folders. */
import { query } from '../lib/api.js';
import { html, nothing } from '../lib/html.js';
import { sizeOf, time } from '../lib/format.js';
import { rename, to } from '../lib/router.js';
import { TYPES } from '../lib/words.js';
import { fileTable, pendingBox } from '../parts/filetable.js';
import { head } from '../parts/frame.js';
import { icon, mark } from '../parts/icons.js';
import { empty, listed, settled } from '../parts/states.js';
import { valueOf } from '../parts/ruleform.js';

/** @import { Listing, Resource } from '../lib/resource.js' */
/** @import { Accounts, File, Syncs } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

const PAUSE = 300;
const FIELDS = ['q', 'type', 'account', 'sync', 'min_size', 'max_size', 'after', 'before', 'sort'];

/** @param {Context} context @returns {Page} */
export function files({ scope, place, refresh }) {
  /** @type {Resource<Syncs>} */
  const syncs = scope.one('/syncs', 'sync');
  /** @type {Resource<Accounts>} */
  const accounts = scope.one('/accounts', 'account');
  /** @type {Record<string, string>} */
  const wanted = Object.fromEntries(FIELDS.map((name) => [name, place.query.get(name) ?? '']));
  let asked = query(wanted);
  let more = ['min_size', 'max_size', 'after', 'before', 'account'].some((name) => wanted[name]);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let soon;
  scope.atEnd(() => clearTimeout(soon));

  /** @param {Record<string, string>} change @param {number} [pause] */
  function narrow(change, pause = 0) {
    Object.assign(wanted, change);
    clearTimeout(soon);
    soon = setTimeout(() => {
      scope.drop(`/files${asked}`);
      asked = query(wanted);
      rename(`#/files${asked}`);
      refresh();
    }, pause);
    refresh();
  }

  const searching = () => FIELDS.some((name) => name !== 'sort' && wanted[name]);

  function form() {
    return html`<div class="filters" role="search">
      <label class="search big">
        ${icon('search')}<span class="hidden">Search all files</span>
        <input
          type="search"
          placeholder="Search all files by name"
          .value=${wanted.q}
          @input=${(/** @type {Event} */ e) => narrow({ q: valueOf(e) }, PAUSE)}
        />
      </label>
      <div class="chips" role="group" aria-label="Type">
        ${Object.entries(TYPES).map(
          ([type, title]) => html`<button
            class="chip"
            aria-pressed=${wanted.type === type ? 'true' : 'false'}
            @click=${() => narrow({ type: wanted.type === type ? '' : type })}
          >
            ${title}
          </button>`,
        )}
        <button class="chip" aria-expanded=${more ? 'true' : 'false'} @click=${() => ((more = !more), refresh())}>
          More filters
        </button>
      </div>
      ${more ? moreFilters() : nothing}
    </div>`;
  }

  function moreFilters() {
    return html`<div class="fields card padded">
      <label class="field">
        <span>Account</span>
        <select @change=${(/** @type {Event} */ e) => narrow({ account: valueOf(e) })}>
          <option value="" ?selected=${!wanted.account}>all of them</option>
          ${(accounts.data?.items ?? []).map(
            (each) =>
              html`<option value=${each.name} ?selected=${wanted.account === each.name}>${each.name}</option>`,
          )}
        </select>
      </label>
      ${size('min_size', 'At least')} ${size('max_size', 'At most')} ${day('after', 'Changed after')}
      ${day('before', 'Changed before')}
    </div>`;
  }

  /** @param {string} field @param {string} title */
  function size(field, title) {
    return html`<label class="field">
      <span>${title}</span>
      <input
        type="text"
        placeholder="as 10 MB"
        @change=${(/** @type {Event} */ e) => {
          const value = sizeOf(valueOf(e));
          if (value !== undefined) narrow({ [field]: value === null ? '' : String(value) });
        }}
      />
    </label>`;
  }

  /** @param {string} field @param {string} title */
  function day(field, title) {
    return html`<label class="field">
      <span>${title}</span>
      <input
        type="date"
        .value=${wanted[field].slice(0, 10)}
        @change=${(/** @type {Event} */ e) => narrow({ [field]: valueOf(e) && `${valueOf(e)}T00:00:00Z` })}
      />
    </label>`;
  }

  function results() {
    /** @type {Listing<File>} */
    const list = scope.list(`/files${asked}`, 'sync');
    return listed(
      list,
      (items) => html`${pendingBox(list.page?.pending ?? [])}
        ${fileTable(items, { sort: wanted.sort, by: (sort) => narrow({ sort }) })}
        ${list.page?.as_of ? html`<p class="note">As of ${time(list.page.as_of)}</p>` : nothing}`,
      {
        none: () => html`${pendingBox(list.page?.pending ?? [])}
          ${empty({
            sign: 'search',
            title: 'No file is like that',
            text: 'Try a part of its name, or fewer filters.',
            action: html`<a class="button" href="#/files">Clear the search</a>`,
          })}`,
      },
    );
  }

  /** @param {Syncs} data */
  function ways(data) {
    if (data.items.length === 0) {
      return empty({
        sign: 'files',
        title: 'No files yet',
        text: 'What your syncs keep in step can be searched and looked through here.',
        action: html`<a class="button primary" href="#/new">Make a sync</a>`,
      });
    }
    return html`${data.items.map(
      (sync) => html`<section aria-label=${sync.name}>
        <h2>${sync.name}</h2>
        <ul class="rows">
          ${sync.endpoints.map(
            (each) => html`<li>
              <a class="row pressable" href=${to`#/files/in/${sync.name}/${each.id}`}>
                ${mark(each.kind)}
                <span class="row-main">
                  <span class="row-name">${each.account}</span>
                  <span class="row-sub"><bdi>${each.path || 'everything in it'}</bdi></span>
                </span>
                ${icon('right')}
              </a>
            </li>`,
          )}
        </ul>
      </section>`,
    )}`;
  }

  return {
    title: 'Files',
    view: () => html`${head('Files')}${form()}${searching() ? results() : settled(syncs, ways)}`,
  };
}
