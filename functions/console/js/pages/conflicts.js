/** Conflicts that wait for a decision. */
import { query } from '../lib/api.js';
import { html, nothing } from '../lib/html.js';
import { bytes, split, time } from '../lib/format.js';
import { to } from '../lib/router.js';
import { head } from '../parts/frame.js';
import { icon } from '../parts/icons.js';
import { empty, listed } from '../parts/states.js';

/** @import { Listing } from '../lib/resource.js' */
/** @import { Conflict, Version } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

/** @param {Context} context @returns {Page} */
export function conflicts({ scope, place }) {
  const sync = place.query.get('sync') ?? '';
  /** @type {Listing<Conflict>} */
  const list = scope.list('/conflicts' + query({ sync }), 'conflict', 'sync');
  return {
    title: 'Conflicts',
    view: () => html`${head('Conflicts', {
        lead: list.items?.length
          ? 'Both sides changed the same file. Both versions are kept until you decide.'
          : undefined,
      })}
      ${sync
        ? html`<p class="note">Of ${sync} only. <a href="#/conflicts">Show all</a></p>`
        : nothing}
      ${listed(
        list,
        (items) => html`<ul class="rows" aria-label="Conflicts">${items.map(row)}</ul>`,
        {
          none: () =>
            empty({
              sign: 'check',
              title: 'No conflict waits',
              text: 'When two people change the same file at the same time, both versions are kept, and you decide here.',
            }),
        },
      )}`,
  };
}

/** @param {Conflict} each */
function row(each) {
  const { folder, name } = split(each.kept.path);
  return html`<li>
    <a class="row pressable" href=${to`#/conflicts/${each.sync}/${each.id}`}>
      ${icon(each.kept.media === 'image' ? 'image' : 'file')}
      <span class="row-main">
        <span class="row-name" title=${each.kept.path}><bdi>${name}</bdi></span>
        <span class="row-sub">${each.sync}${folder ? html` · <bdi>${folder}</bdi>` : nothing}</span>
      </span>
      <span class="versus">
        <span>${version(each.kept)}</span>
        <span>${version(each.other)}</span>
      </span>
      ${icon('right')}
    </a>
  </li>`;
}

/** @param {Version} each */
function version(each) {
  return html`<strong>${each.account}</strong>
    ${each.deleted ? 'deleted' : html`${bytes(each.size)}, ${time(each.modified_at)}`}`;
}
