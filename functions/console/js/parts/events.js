/** What happened, by day and run. */
import { html, nothing, repeat } from '../lib/html.js';
import { dayOf, hour, split } from '../lib/format.js';
import { to } from '../lib/router.js';
import { verbOf } from '../lib/words.js';

/** @import { Event as Happening } from '../shapes.js' */

/**
 * Events, newest first, under the day they happened on and the run they belong to.
 * @param {Happening[]} events
 * @param {{bySync?: boolean}} [how] bySync: the sync is named, for there are several
 */
export function eventsByDay(events, { bySync = true } = {}) {
  /** @type {{day: string, runs: {key: string, first: Happening, events: Happening[]}[]}[]} */
  const days = [];
  for (const event of events) {
    const name = dayOf(event.at);
    if (days.at(-1)?.day !== name) days.push({ day: name, runs: [] });
    const { runs } = /** @type {(typeof days)[0]} */ (days.at(-1));
    const key = `${event.sync}#${event.run}`;
    if (runs.at(-1)?.key !== key) runs.push({ key, first: event, events: [] });
    runs.at(-1)?.events.push(event);
  }
  return html`${days.map(
    ({ day, runs }) => html`<section class="day">
      <h2 class="day-name">${day}</h2>
      ${runs.map(
        ({ first, events: of }) => html`<section class="run-group">
          <h3 class="run-name">
            ${bySync ? html`<a href=${to`#/syncs/${first.sync}`}>${first.sync}</a>` : nothing}
            <a class="quiet" href=${to`#/syncs/${first.sync}/runs/${first.run}`}>run ${first.run}</a>
            ${first.at ? html`<time datetime=${first.at}>${hour(first.at)}</time>` : nothing}
          </h3>
          ${eventRows(of)}
        </section>`,
      )}
    </section>`,
  )}`;
}

/** @param {Happening[]} events */
export function eventRows(events) {
  return html`<ul class="rows">
    ${repeat(events, (each) => `${each.sync}#${each.run}#${each.number}`, eventRow)}
  </ul>`;
}

/** @param {Happening} each */
function eventRow(each) {
  const verb = verbOf(each.verb);
  const { folder, name } = split(each.path);
  return html`<li class="row event">
    <span class="verb ${verb.tone}">${verb.did}</span>
    <span class="row-main">
      <span class="row-name" title=${each.path}><bdi>${name || each.detail}</bdi></span>
      <span class="row-sub">
        ${[each.account].filter(Boolean).join('')}${folder ? html` · <bdi>${folder}</bdi>` : nothing}
      </span>
      ${name && each.detail ? html`<span class="row-sub">${each.detail}</span>` : nothing}
    </span>
  </li>`;
}
