/** Accounts: how they are, how full, and what to do. */
import { ask, path as at } from '../lib/api.js';
import { Act, say } from '../lib/acts.js';
import { html, nothing } from '../lib/html.js';
import { bytes, moment, time } from '../lib/format.js';
import { go, to } from '../lib/router.js';
import { HEALTH, signInProblem } from '../lib/words.js';
import { meter } from '../parts/chart.js';
import { confirm } from '../parts/dialog.js';
import { head } from '../parts/frame.js';
import { badge, icon, mark } from '../parts/icons.js';
import { box, empty, settled, skeleton } from '../parts/states.js';
import { reconnect } from './connect.js';

/** @import { Resource } from '../lib/resource.js' */
/** @import { Account, Accounts, Check } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

/** What the accounts said when they were asked; for a while, since asking costs the provider. */
/** @type {Map<string, {check: Check, at: number}>} */
const checks = new Map();
const FRESH = 300_000;

/** @param {Context} context @param {string} [named] @returns {Page} */
export function accounts({ scope, place, session, refresh }, named) {
  /** @type {Resource<Accounts>} */
  const known = scope.one('/accounts', 'account');
  const act = new Act(refresh);
  const problem = place.query.get('problem');
  const connected = place.query.has('connected') ? named : undefined;
  let asked = false;

  /** @param {Account} account @param {boolean} aloud */
  async function check(account, aloud) {
    const work = async () => {
      /** @type {Check} */
      const said = await ask('POST', at`/accounts/${account.name}/check`);
      checks.set(account.name, { check: said, at: Date.now() });
      return said;
    };
    if (!aloud) return work().catch(() => undefined);
    const said = await act.run(`check ${account.name}`, work);
    if (said?.working) say(`${account.name} works.`);
    else if (said) say(`${account.name} does not work.`, { tone: 'bad', mend: said.reason });
    await known.load();
    return said;
  }

  /** Ask for the quotas, one after the other. @param {Account[]} all */
  async function askQuotas(all) {
    if (asked) return;
    asked = true;
    for (const account of all) {
      const old = checks.get(account.name);
      if (scope.closed) return;
      if ((old && Date.now() - old.at < FRESH) || !['good', 'deaf', 'new'].includes(account.health)) continue;
      await check(account, false);
      refresh();
    }
  }

  /** @param {Account} account */
  function remove(account) {
    const used = account.syncs.length > 0;
    confirm({
      title: `Remove ${account.name}?`,
      text: used
        ? html`<p>
            ${account.name} takes part in ${account.syncs.join(', ')}. Forget
            ${account.syncs.length === 1 ? 'that sync' : 'those syncs'} first.
          </p>`
        : html`<p><strong>No file is touched.</strong> What was stored to reach ${account.identity || 'it'} is deleted.</p>`,
      yes: used ? 'Try nevertheless' : 'Remove',
      run: async () => {
        await ask('DELETE', at`/accounts/${account.name}`);
        checks.delete(account.name);
        say(`${account.name} is removed. No file was touched.`);
        go('#/accounts');
        void known.load();
      },
    });
  }

  /** @param {Accounts} data */
  function show(data) {
    if (data.items.length === 0) {
      return empty({
        sign: 'accounts',
        title: 'No account yet',
        text: 'Connect the clouds whose folders are to be kept in step. Your password stays with the provider.',
        action: html`<a class="button primary" href="#/connect">${icon('plus')}Connect an account</a>`,
      });
    }
    void askQuotas(data.items);
    return html`<ul class="cards" aria-label="Accounts">${data.items.map(card)}</ul>`;
  }

  /** @param {Account} account */
  function card(account) {
    const { title, tone } = HEALTH[account.health];
    const said = checks.get(account.name)?.check;
    const signs = ['drive', 'dropbox', 'onedrive'].includes(account.kind);
    return html`<li class="card account-card ${account.name === named ? 'named' : ''}" id=${`account-${account.name}`}>
      <header class="card-head">
        ${mark(account.kind)}
        <div class="card-title">
          <h2 title=${account.name}>${account.name}</h2>
          <p class="row-sub" title=${account.identity}>${account.title} · ${account.identity || 'not known yet'}</p>
        </div>
        ${badge(tone, title, tone === 'calm' ? 'wait' : tone === 'bad' ? 'alert' : undefined)}
      </header>
      ${account.reason ? html`<p class="account-reason ${tone}">${account.reason}</p>` : nothing}
      ${account.paused_until
        ? html`<p class="note">The provider wants to be left alone until ${moment(account.paused_until)}.</p>`
        : nothing}
      ${quota(account, said)}
      <p class="note">
        ${account.syncs.length
          ? html`In ${account.syncs.map((each, index) => html`${index ? ', ' : ''}<a href=${to`#/syncs/${each}`}>${each}</a>`)}`
          : 'In no sync yet'}
        · ${account.looked_at ? html`looked at ${time(account.looked_at)}` : 'not looked at yet'}
        · ${account.pushes ? 'tells of changes' : 'asked by the clock'}
      </p>
      <div class="actions">
        <button class="button small" ?disabled=${act.busy} @click=${() => check(account, true)}>
          ${act.doing === `check ${account.name}` ? 'Asking…' : 'Check'}
          <span class="hidden">${account.name}</span>
        </button>
        ${signs
          ? html`<button
              class="button small ${account.health === 'broken' ? 'primary' : ''}"
              ?disabled=${act.busy}
              @click=${() => act.run('reconnect', () => reconnect(account))}
            >
              Connect anew<span class="hidden"> ${account.name}</span>
            </button>`
          : nothing}
        <button class="button small plain" @click=${() => remove(account)}>
          Remove<span class="hidden"> ${account.name}</span>
        </button>
      </div>
    </li>`;
  }

  return {
    title: 'Accounts',
    view: () => {
      const some = known.data && known.data.items.length > 0;
      return html`${head('Accounts', {
          actions: html`${session.user.admin ? html`<a class="button" href="#/apps">Provider apps</a>` : nothing}
          ${some ? html`<a class="button primary" href="#/connect">${icon('plus')}Connect</a>` : nothing}`,
        })}
        ${connected
          ? box('good', 'It can be used in a sync now.', {
              title: `${connected} is connected`,
              action: html`<a class="button" href="#/new">Make a sync</a>`,
            })
          : nothing}
        ${problem ? signInBox(problem, known.data?.items.find((each) => each.name === named)) : nothing}
        ${settled(known, show, skeleton(3, 'card'))}`;
    },
  };
}

/**
 * @param {string} code
 * @param {Account} [account]
 */
function signInBox(code, account) {
  const { title, mend } = signInProblem(code);
  return box('bad', mend, {
    title,
    action: html`<a class="button" href=${account ? `#/connect/${account.kind}` : '#/connect'}>Connect again</a>`,
  });
}

/**
 * @param {Account} account
 * @param {Check} [said]
 */
function quota(account, said) {
  if (!said) return nothing;
  if (!said.working) return html`<p class="account-reason bad">${said.reason}</p>`;
  const { used, total } = said.quota ?? {};
  if (used == null) return html`<p class="note">It does not tell how full it is.</p>`;
  if (!total) return html`<p class="quota"><strong>${bytes(used)}</strong> used</p>`;
  const free = Math.max(0, total - used);
  return html`<div class="quota">
    ${meter(`${bytes(used)} of ${bytes(total)} used in ${account.name}`, used / total)}
    <p>
      <strong>${bytes(used)}</strong> of ${bytes(total)} used, ${bytes(free)} free
      ${free / total < 0.05 ? html`<span class="wrong">· nearly full</span>` : nothing}
    </p>
  </div>`;
}

