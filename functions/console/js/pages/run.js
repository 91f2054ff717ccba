/** One run, and everything it did. */
import { path as at } from '../lib/api.js';
import { html, nothing } from '../lib/html.js';
import { moment, took } from '../lib/format.js';
import { to } from '../lib/router.js';
import { eventRows } from '../parts/events.js';
import { head } from '../parts/frame.js';
import { empty, listed, settled, skeleton } from '../parts/states.js';
import { didWhat, outcome } from './sync.js';

/** @import { Listing, Resource } from '../lib/resource.js' */
/** @import { Event, Run } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

/** @param {Context} context @param {string} sync @param {string} number @returns {Page} */
export function run({ scope }, sync, number) {
  /** @type {Resource<Run>} */
  const known = scope.one(at`/syncs/${sync}/runs/${number}`, `sync:${sync}`);
  /** @type {Listing<Event>} */
  const events = scope.list(at`/syncs/${sync}/runs/${number}/events`, `sync:${sync}`);
  const title = `Run ${number}`;
  return {
    title: `${title} of ${sync}`,
    view: () => html`${head(title, {
        back: [to`#/syncs/${sync}/runs`, sync],
        badge: known.data ? outcome(known.data) : nothing,
      })}
      ${settled(known, facts, skeleton(1))}
      ${listed(events, eventRows, {
        none: () => empty({ sign: 'check', title: 'Nothing had to be done', text: 'All sides were equal.' }),
      })}`,
  };
}

/** @param {Run} data */
function facts(data) {
  return html`<p class="lead">${data.message || didWhat(data.counts)}</p>
    <p class="note">
      ${data.started_at ? `Begun ${moment(data.started_at)}` : 'Not begun'}${data.started_at && data.ended_at
        ? `, took ${took(data.started_at, data.ended_at)}`
        : nothing}
    </p>`;
}
