/** A sync's rule, and its end. */
import { ask, path as at, problemOf } from '../lib/api.js';
import { Act, say } from '../lib/acts.js';
import { html, nothing } from '../lib/html.js';
import { go } from '../lib/router.js';
import { confirm } from '../parts/dialog.js';
import { RuleForm } from '../parts/ruleform.js';
import { box, problemBox } from '../parts/states.js';

/** @import { Resource } from '../lib/resource.js' */
/** @import { Sync } from '../shapes.js' */
/** @import { Context } from './index.js' */

/**
 * @param {Context} context
 * @param {Resource<Sync>} known
 * @returns {(data: Sync) => import('../lib/html.js').Content}
 */
export function syncSettings({ refresh }, known) {
  const act = new Act(refresh);
  /** @type {RuleForm | null} */
  let form = null;
  /** The settings that the form began with. */
  let seen = { revision: '', etag: '' };

  /** @param {Sync} data */
  function begin(data) {
    form = new RuleForm(data.rule, refresh);
    seen = { revision: data.revision, etag: known.etag || `"${data.revision}"` };
    return form;
  }

  /** @param {Sync} data */
  async function save(data) {
    const place = at`/syncs/${data.name}`;
    const changed = await act.run(
      'save',
      () => ask('PATCH', place, { body: { rule: form?.rule }, etag: seen.etag }),
      { quiet: true },
    );
    if (changed) {
      known.set(changed);
      begin(changed);
      say('Saved. The next run goes by it.');
    }
    await known.load();
    if (changed && known.data) begin(known.data);
    refresh();
  }

  /** @param {Sync} data */
  function remove(data) {
    confirm({
      title: `Forget ${data.name}?`,
      text: html`<p>
          <strong>No file is touched.</strong> What is in ${listOf(data)} stays as it is, and is no
          longer kept in step.
        </p>
        <p>The sync’s settings, its history and its undecided conflicts are forgotten. Made again, it begins
          by joining the folders, which deletes nothing.</p>`,
      yes: 'Forget the sync',
      run: async () => {
        try {
          await ask('DELETE', at`/syncs/${data.name}`, { etag: known.etag || `"${data.revision}"` });
        } catch (error) {
          if (problemOf(error).status === 412) await known.load();
          throw error;
        }
        say(`${data.name} is forgotten. No file was touched.`);
        go('#/');
      },
    });
  }

  return (data) => {
    const shown = form ?? begin(data);
    const changed = JSON.stringify(shown.rule) !== JSON.stringify(data.rule);
    const elsewhere = seen.revision !== data.revision;
    return html`<form
        class="stack narrow"
        @submit=${(/** @type {Event} */ event) => {
          event.preventDefault();
          void save(data);
        }}
      >
        ${elsewhere
          ? box('warn', 'The settings were changed elsewhere since you opened them.', {
              action: html`<button type="button" class="button small" @click=${() => (begin(data), refresh())}>
                Show those
              </button>`,
            })
          : nothing}
        ${shown.modeView()} ${shown.conflictView(data.endpoints)} ${shown.filterView()} ${shown.guardView()}
        ${act.problem ? problemBox(act.problem) : nothing}
        <div class=${changed ? 'actions sticky' : 'actions'}>
          <button class="button primary" ?disabled=${act.busy || !changed || !shown.fine}>
            ${act.busy ? 'Saving…' : 'Save'}
          </button>
          ${changed
            ? html`<button type="button" class="button plain" @click=${() => (begin(data), refresh())}>
                Discard
              </button>`
            : html`<span class="note">Nothing is changed.</span>`}
        </div>
      </form>
      <section class="danger-zone narrow" aria-labelledby="end-title">
        <h2 id="end-title">Forget this sync</h2>
        <p>No file is touched: the folders stay as they are, and are no longer kept in step.</p>
        <button class="button danger-quiet" @click=${() => remove(data)}>Forget the sync…</button>
      </section>`;
  };
}

/** @param {Sync} data */
function listOf(data) {
  return data.endpoints.map((each) => `${each.account}:${each.path}`).join(' and ');
}
