/** A plan that waits for a person: what it would do, and letting it through. */
import { ask, path as at } from '../lib/api.js';
import { Act, say } from '../lib/acts.js';
import { html, nothing } from '../lib/html.js';
import { bytes, count, plural, split } from '../lib/format.js';
import { go, to } from '../lib/router.js';
import { verbOf } from '../lib/words.js';
import { head } from '../parts/frame.js';
import { icon } from '../parts/icons.js';
import { box, empty, listed, problemBox, skeleton } from '../parts/states.js';
import { valueOf } from '../parts/ruleform.js';

/** @import { Listing } from '../lib/resource.js' */
/** @import { PlannedAction, PlanHead, PlanTotal } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

/** So many pages are asked for by themselves while one filters: the API hands over all of them. */
const MOST_PAGES = 100;

/** @param {Context} context @param {string} sync @param {string} id @returns {Page} */
export function plan({ scope, refresh }, sync, id) {
  const place = at`/syncs/${sync}/plans/${id}`;
  /** @type {Listing<PlannedAction>} */
  const list = scope.list(place, 'plan');
  const act = new Act(refresh);
  let verb = '';
  let text = '';

  async function approve() {
    const done = await act.run(
      'approve',
      async () => (await ask('POST', `${place}/approve`), true),
      { quiet: true },
    );
    if (!done) return;
    say('It is let through, and is being done.');
    go(to`#/syncs/${sync}`);
  }

  /** @param {PlannedAction[]} items */
  function actions(items) {
    const narrowed = verb !== '' || text !== '';
    const found = items.filter(
      (each) =>
        (!verb || each.verb === verb) && each.path.toLowerCase().includes(text.toLowerCase()),
    );
    if (narrowed && list.next && !list.adding && list.pages < MOST_PAGES) void list.more();
    return html`<p class="note" role="status">
        ${narrowed
          ? `${count(found.length)} of the ${count(items.length)} looked through${list.next ? ' so far' : ''}`
          : nothing}
      </p>
      ${found.length
        ? html`<ul class="rows" aria-label="What would be done">${found.map(actionRow)}</ul>`
        : html`<p class="note padded">Nothing of the plan is like that.</p>`}`;
  }

  /** @param {PlanHead} data */
  function show(data) {
    const deletes = data.totals.filter((each) => each.verb === 'delete');
    const deleted = deletes.reduce((sum, each) => sum + each.count, 0);
    const all = data.totals.reduce((sum, each) => sum + each.count, 0);
    return html`${box(data.preview ? 'info' : 'bad', data.reason, {
        sign: data.preview ? 'wait' : 'stop',
        title: data.preview ? 'Nothing is done before you say so' : 'A guard stopped this',
      })}
      <section aria-labelledby="totals-title">
        <h2 id="totals-title">In short</h2>
        ${all === 0
          ? html`<p>What there is to do is planned once this is let through.</p>`
          : totals(data.totals)}
        ${deleted
          ? box('bad', html`They go to the trash of the provider where it has one: ${deletes
              .map((each) => `${count(each.count)} in ${each.account}`)
              .join(', ')}.`, { sign: 'trash', title: `${plural(deleted, 'item')} would be deleted` })
          : all
            ? box('good', 'Nothing is deleted by this plan.')
            : nothing}
      </section>
      ${act.problem ? problemBox(act.problem) : nothing}
      <div class="actions sticky approve">
        <button
          class="button ${deleted ? 'danger' : 'primary'} large"
          ?disabled=${act.busy}
          @click=${approve}
        >
          ${act.busy ? 'One moment…' : deleted ? `Let it through, with ${plural(deleted, 'deletion')}` : 'Let it through'}
        </button>
        <a class="button large" href=${to`#/syncs/${sync}`}>Not now</a>
        <span class="note">Exactly this is let through. What changes meanwhile is looked at anew.</span>
      </div>
      <section aria-labelledby="actions-title">
        <h2 id="actions-title">In full <span class="count-note">${count(all)}</span></h2>
        ${data.left_out
          ? html`<p class="note">${count(data.left_out)} of them are counted, and not shown one by one.</p>`
          : nothing}
        ${filter(data)}
        ${listed(list, actions, {
          none: () => html`<p class="note padded">Nothing is shown one by one.</p>`,
        })}
      </section>`;
  }

  /** @param {PlanHead} data */
  function filter(data) {
    const verbs = [...new Set(data.totals.map((each) => each.verb))];
    return html`<div class="filters" role="search">
      <label class="search">
        ${icon('search')}<span class="hidden">Find in the plan</span>
        <input
          type="search"
          placeholder="Find a file or folder"
          @input=${(/** @type {Event} */ e) => ((text = valueOf(e)), refresh())}
        />
      </label>
      <div class="chips" role="group" aria-label="Kind">
        ${['', ...verbs].map(
          (each) => html`<button
            class="chip"
            aria-pressed=${each === verb ? 'true' : 'false'}
            @click=${() => ((verb = each), refresh())}
          >
            ${each ? verbOf(each).will : 'All'}
          </button>`,
        )}
      </div>
    </div>`;
  }

  return {
    title: `Plan of ${sync}`,
    view: () => {
      const preview = list.page?.preview;
      return html`${head(preview ? 'The first run' : 'A plan to decide on', {
        back: [to`#/syncs/${sync}`, sync],
      })}
      ${list.page
        ? show(list.page)
        : list.problem?.status === 404
          ? empty({
              sign: 'check',
              title: 'This plan does not wait any more',
              text: 'It was let through, or things have changed and it was planned anew.',
              action: html`<a class="button primary" href=${to`#/syncs/${sync}`}>To the sync</a>`,
            })
          : list.problem
            ? problemBox(list.problem, () => list.load())
            : skeleton(4)}`;
    },
  };
}

/** @param {PlanTotal[]} totals */
function totals(totals) {
  const accounts = [...new Set(totals.map((each) => `${each.endpoint}\n${each.account}`))];
  return html`<div class="totals">
    ${accounts.map((key) => {
      const [endpoint, account] = key.split('\n');
      const of = totals.filter((each) => each.endpoint === endpoint && each.account === account);
      return html`<section class="card padded total">
        <h3>${account}</h3>
        <dl class="facts">
          ${of.map(
            (each) => html`<div class=${each.verb === 'delete' ? 'bad' : ''}>
              <dt>${verbOf(each.verb).will}</dt>
              <dd>
                ${count(each.count)}
                ${each.bytes ? html`<span class="row-sub">${bytes(each.bytes)}</span>` : nothing}
              </dd>
            </div>`,
          )}
        </dl>
      </section>`;
    })}
  </div>`;
}

/** @param {PlannedAction} each */
function actionRow(each) {
  const verb = verbOf(each.verb);
  const { folder, name } = split(each.path);
  return html`<li class="row ${each.verb === 'delete' ? 'deletes' : ''}">
    <span class="verb ${verb.tone}">${verb.will}</span>
    <span class="row-main">
      <span class="row-name" title=${each.path}><bdi>${name}</bdi></span>
      <span class="row-sub">${each.account}${folder ? html` · <bdi>${folder}</bdi>` : nothing}</span>
    </span>
    <span class="row-end">${each.size == null ? '' : bytes(each.size)}</span>
  </li>`;
}
