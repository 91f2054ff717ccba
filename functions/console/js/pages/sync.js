/** One sync: how it is, what it does, its runs, and its settings. */
import { ask, path as at, query } from '../lib/api.js';
import { Act, say } from '../lib/acts.js';
import { html, nothing } from '../lib/html.js';
import { count, moment, plural, took } from '../lib/format.js';
import { to } from '../lib/router.js';
import { didSo, OUTCOMES, STATES } from '../lib/words.js';
import { eventsByDay } from '../parts/events.js';
import { head } from '../parts/frame.js';
import { badge, icon } from '../parts/icons.js';
import { inWords, movingList, picture, stepSaid } from '../parts/picture.js';
import { box, empty, listed, settled, skeleton } from '../parts/states.js';
import { syncSettings } from './syncsettings.js';

/** @import { Listing, Resource } from '../lib/resource.js' */
/** @import { Event, Movings, Run, Sync } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

/** @param {Context} context @param {string} name @param {string} [tab] @returns {Page} */
export function sync(context, name, tab = '') {
  const { scope, refresh } = context;
  const place = at`/syncs/${name}`;
  /** @type {Resource<Sync>} */
  const known = scope.one(place, `sync:${name}`, 'plan', 'conflict');
  const act = new Act(refresh);
  const settings = tab === 'settings' ? syncSettings(context, known) : null;

  /** @param {boolean} paused */
  async function pause(paused) {
    await act.run('pause', async () => {
      known.set(await ask('PATCH', place, { body: { paused } }));
      say(paused ? `${name} is paused.` : `${name} goes on.`, {
        undo: { label: paused ? 'Resume' : 'Pause', run: () => pause(!paused) },
      });
    });
    void known.load();
  }

  async function runNow() {
    await act.run('run', async () => {
      await ask('POST', at`/syncs/${name}/run`);
      say(`All sides of ${name} are being looked at.`);
    });
    void known.load();
  }

  /** @param {Sync} data */
  function actions(data) {
    return html`<button class="button" ?disabled=${act.busy || data.paused} @click=${runNow}>
        ${icon('refresh')}Run now
      </button>
      <button class="button" ?disabled=${act.busy} @click=${() => pause(!data.paused)}>
        ${icon(data.paused ? 'play' : 'pause')}${data.paused ? 'Resume' : 'Pause'}
      </button>`;
  }

  function tabs() {
    /** @type {[string, string][]} */
    const all = [['', 'Now'], ['runs', 'Runs'], ['settings', 'Settings']];
    return html`<nav class="tabs" aria-label="Of this sync">
      ${all.map(
        ([key, title]) => html`<a
          href=${key ? to`#/syncs/${name}/${key}` : to`#/syncs/${name}`}
          aria-current=${key === tab ? 'page' : nothing}
          >${title}</a
        >`,
      )}
    </nav>`;
  }

  /** @param {Sync} data */
  function show(data) {
    const { title, tone } = STATES[data.state];
    return html`${head(name, {
        back: ['#/', 'Syncs'],
        badge: badge(tone, title),
        actions: actions(data),
      })}
      ${tabs()}
      ${tab === 'runs' ? runs() : settings ? settings(data) : overview(data)}`;
  }

  /** @param {Sync} data */
  function overview(data) {
    const moving = movingOf(data);
    return html`<section class="card padded stage" aria-label="What is kept in step">
        <p class="hidden">${inWords(data)}</p>
        ${picture(data.endpoints, data.rule.mode, {
          flows: data.state === 'working' && data.to_do > 0,
          halted: data.paused || data.state === 'stopped',
        })}
        <p class="stage-says" role="status">${data.reason || 'All sides are equal.'}</p>
        <p class="note">
          ${stepSaid(data)}
        </p>
      </section>
      ${attention(data)}
      ${moving?.items.length
        ? html`<section aria-labelledby="moving-title">
            <h2 id="moving-title">Being done <span class="count-note">${count(moving.total)}</span></h2>
            ${movingList(moving)}
          </section>`
        : nothing}
      <section aria-labelledby="activity-title">
        <div class="section-head">
          <h2 id="activity-title">What happened</h2>
          <a href=${`#/activity?sync=${encodeURIComponent(name)}`}>All activity</a>
        </div>
        ${recent()}
      </section>`;
  }

  /** @param {Sync} data */
  function attention(data) {
    const { stopped } = data;
    return html`
      ${stopped
        ? box(stopped.preview ? 'warn' : 'bad', stopped.reason, {
            sign: stopped.preview ? 'wait' : 'stop',
            title: stopped.preview ? 'The first run waits for you' : 'A guard stopped this sync',
            action: stopped.plan
              ? html`<a class="button primary" href=${to`#/syncs/${name}/plan/${stopped.plan}`}>
                  Look at the plan
                </a>`
              : nothing,
          })
        : nothing}
      ${data.conflicts
        ? box('warn', 'Both versions are kept until you decide.', {
            sign: 'conflicts',
            title: plural(data.conflicts, 'conflict'),
            action: html`<a class="button" href=${`#/conflicts?sync=${encodeURIComponent(name)}`}>Compare</a>`,
          })
        : nothing}
      ${data.endpoints
        .filter((each) => each.reason && each.state !== 'good')
        .map((each) => box('warn', each.reason, { sign: 'wait', title: each.account }))}
      ${data.problems.length
        ? html`<section aria-labelledby="problems-title">
            <h2 id="problems-title">Good to know</h2>
            <ul class="rows">
              ${data.problems.map(
                (each) => html`<li class="row">${icon('alert', 'warn')}<span class="row-main wrap">${each}</span></li>`,
              )}
            </ul>
          </section>`
        : nothing}`;
  }

  /** @param {Sync} data */
  function movingOf(data) {
    const where = at`/syncs/${name}/moving`;
    if (data.state !== 'working' && !data.to_do) {
      scope.drop(where);
      return null;
    }
    return /** @type {Resource<Movings>} */ (scope.one(where, `sync:${name}`)).data;
  }

  function recent() {
    /** @type {Listing<Event>} */
    const events = scope.list('/activity' + query({ sync: name }), `sync:${name}`);
    return listed(
      events,
      (items) => html`<div aria-live="polite" aria-relevant="additions">
        ${eventsByDay(items.slice(0, 20 * events.pages), { bySync: false })}
      </div>`,
      { none: () => html`<p class="note padded">Nothing has happened yet.</p>` },
    );
  }

  function runs() {
    /** @type {Listing<Run>} */
    const list = scope.list(at`/syncs/${name}/runs`, `sync:${name}`);
    return listed(
      list,
      (items) => html`<ul class="rows" aria-label="Runs">${items.map(runRow)}</ul>`,
      {
        none: () =>
          empty({ sign: 'activity', title: 'No run yet', text: 'The first one begins by itself.' }),
      },
    );
  }

  return {
    title: name,
    view: () =>
      known.data
        ? settled(known, show)
        : html`${head(name, { back: ['#/', 'Syncs'] })}${settled(known, show, skeleton(2, 'card'))}`,
  };
}

/** @param {Run} run */
function runRow(run) {
  return html`<li>
    <a class="row pressable" href=${to`#/syncs/${run.sync}/runs/${run.number}`}>
      <span class="row-lead">${run.number}</span>
      <span class="row-main">
        <span class="row-name">${run.message || didWhat(run.counts)}</span>
        <span class="row-sub">
          ${run.started_at ? moment(run.started_at) : ''}
          ${run.started_at && run.ended_at ? ` · ${took(run.started_at, run.ended_at)}` : ''}
          ${run.message ? ` · ${didWhat(run.counts)}` : ''}
        </span>
      </span>
      ${outcome(run)}
    </a>
  </li>`;
}

/** @param {Run} run */
export function outcome(run) {
  const tones = /** @type {const} */ ({
    '': 'busy',
    done: 'good',
    partial: 'warn',
    stopped: 'bad',
    failed: 'bad',
    interrupted: 'warn',
  });
  return badge(tones[run.outcome], OUTCOMES[run.outcome], run.outcome === 'failed' ? 'alert' : undefined);
}

/** @param {Record<string, number>} counts */
export function didWhat(counts) {
  const said = Object.entries(counts).filter(([, value]) => value);
  if (said.length === 0) return 'Nothing had to be done';
  return said.map(([verb, value]) => didSo(verb, value)).join(', ');
}
