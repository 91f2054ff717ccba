/** What happened, over all syncs, as it happens. */
import { query } from '../lib/api.js';
import { html, nothing } from '../lib/html.js';
import { rename } from '../lib/router.js';
import { EVENT_VERBS, verbOf } from '../lib/words.js';
import { eventsByDay } from '../parts/events.js';
import { head } from '../parts/frame.js';
import { icon } from '../parts/icons.js';
import { empty, listed } from '../parts/states.js';
import { valueOf } from '../parts/ruleform.js';

/** @import { Listing, Resource } from '../lib/resource.js' */
/** @import { Event as Happening, Syncs } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

const PAUSE = 300;

/** @param {Context} context @returns {Page} */
export function activity({ scope, place, refresh }) {
  /** @type {Resource<Syncs>} */
  const syncs = scope.one('/syncs', 'sync');
  const wanted = {
    q: place.query.get('q') ?? '',
    sync: place.query.get('sync') ?? '',
    verb: place.query.get('verb') ?? '',
  };
  let asked = query(wanted);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let soon;
  scope.atEnd(() => clearTimeout(soon));

  /** @param {Partial<typeof wanted>} change @param {number} [pause] */
  function narrow(change, pause = 0) {
    Object.assign(wanted, change);
    clearTimeout(soon);
    soon = setTimeout(() => {
      scope.drop(`/activity${asked}`);
      asked = query(wanted);
      rename(`#/activity${asked}`);
      refresh();
    }, pause);
    refresh();
  }

  const narrowed = () => Boolean(wanted.q || wanted.sync || wanted.verb);

  function filters() {
    return html`<div class="filters" role="search">
      <label class="search">
        ${icon('search')}<span class="hidden">Find in the activity</span>
        <input
          type="search"
          placeholder="Find by name or what was said"
          .value=${wanted.q}
          @input=${(/** @type {Event} */ e) => narrow({ q: valueOf(e) }, PAUSE)}
        />
      </label>
      <label class="select">
        <span class="hidden">Sync</span>
        <select @change=${(/** @type {Event} */ e) => narrow({ sync: valueOf(e) })}>
          <option value="" ?selected=${!wanted.sync}>All syncs</option>
          ${names().map(
            (each) => html`<option value=${each} ?selected=${wanted.sync === each}>${each}</option>`,
          )}
        </select>
      </label>
      <label class="select">
        <span class="hidden">Kind</span>
        <select @change=${(/** @type {Event} */ e) => narrow({ verb: valueOf(e) })}>
          <option value="" ?selected=${!wanted.verb}>Everything</option>
          ${EVENT_VERBS.map(
            (each) => html`<option value=${each} ?selected=${wanted.verb === each}>${verbOf(each).did}</option>`,
          )}
        </select>
      </label>
      ${narrowed()
        ? html`<a class="button plain small" href="#/activity">Show everything</a>`
        : nothing}
    </div>`;
  }

  function names() {
    const known = (syncs.data?.items ?? []).map((each) => each.name);
    return wanted.sync && !known.includes(wanted.sync) ? [wanted.sync, ...known] : known;
  }

  function list() {
    /** @type {Listing<Happening>} */
    const events = scope.list(`/activity${asked}`, 'sync', 'conflict', 'plan');
    return listed(
      events,
      (items) => html`<div aria-live="polite" aria-relevant="additions">${eventsByDay(items)}</div>`,
      {
        none: () =>
          narrowed()
            ? empty({ sign: 'search', title: 'Nothing like that', text: 'Try fewer words, or another kind.' })
            : empty({
                sign: 'activity',
                title: 'Nothing has happened yet',
                text: 'Each file that is copied, moved or deleted is told here.',
              }),
      },
    );
  }

  return { title: 'Activity', view: () => html`${head('Activity')}${filters()}${list()}` };
}
