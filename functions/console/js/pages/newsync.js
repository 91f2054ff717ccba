/** Making a sync, in three steps; nothing happens before its first plan was looked at. */
import { ask } from '../lib/api.js';
import { Act, newKey, say } from '../lib/acts.js';
import { html, nothing } from '../lib/html.js';
import { bytes } from '../lib/format.js';
import { go, to } from '../lib/router.js';
import { keeps, MODES } from '../lib/words.js';
import { chooseFolder } from '../parts/folders.js';
import { head } from '../parts/frame.js';
import { icon, mark } from '../parts/icons.js';
import { picture } from '../parts/picture.js';
import { newRule, RuleForm, valueOf } from '../parts/ruleform.js';
import { empty, problemBox, settled } from '../parts/states.js';

/** @import { Resource } from '../lib/resource.js' */
/** @import { Account, Accounts } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

const STEPS = ['Folders', 'Rule', 'Preview'];
const MOST = 26;

/** @param {Context} context @returns {Page} */
export function newSync({ scope, refresh }) {
  /** @type {Resource<Accounts>} */
  const accounts = scope.one('/accounts', 'account');
  const form = new RuleForm(newRule(), refresh);
  const act = new Act(refresh);
  const key = newKey();
  /** @type {{account: string, path: string}[]} */
  let endpoints = [{ account: '', path: '' }, { account: '', path: '' }];
  let name = '';
  let named = false;
  let step = 0;

  /** @param {number} to */
  function walk(to) {
    step = to;
    act.problem = null;
    refresh();
    setTimeout(() => /** @type {HTMLElement | null} */ (document.querySelector('.step-title'))?.focus());
  }

  /** @param {number} index */
  function choose(index) {
    chooseFolder(accounts.data?.items ?? [], endpoints[index], (chosen) => {
      endpoints = endpoints.map((each, at) => (at === index ? chosen : each));
      if (!named) name = suggested(endpoints);
      refresh();
    });
  }

  async function make() {
    const made = await act.run(
      'make',
      () =>
        ask('POST', '/syncs', {
          body: { name: name.trim(), endpoints, rule: form.rule, preview: true },
          once: key,
        }),
      { quiet: true },
    );
    if (!made) return;
    say(`${name} is made. Its first plan is being worked out; nothing is done before you say so.`);
    go(to`#/syncs/${name.trim()}`);
  }

  const chosen = () => endpoints.filter((each) => each.account);
  const complete = () => chosen().length === endpoints.length && !twice() && nameIsFine(name);
  const twice = () => new Set(chosen().map((each) => `${each.account}:${each.path}`)).size < chosen().length;

  /** @param {Account[]} all */
  function foldersStep(all) {
    return html`<ol class="choices">
        ${endpoints.map((each, index) => endpointRow(each, index, all))}
      </ol>
      ${endpoints.length < MOST
        ? html`<button
            class="button plain"
            @click=${() => ((endpoints = [...endpoints, { account: '', path: '' }]), refresh())}
          >
            ${icon('plus')}One more folder
          </button>`
        : nothing}
      ${twice() ? html`<p class="wrong" role="alert">The same folder is there twice.</p>` : nothing}
      <label class="field">
        <span>Its name</span>
        <input
          type="text"
          class="medium"
          maxlength="64"
          spellcheck="false"
          .value=${name}
          aria-invalid=${name && !nameIsFine(name) ? 'true' : nothing}
          @input=${(/** @type {Event} */ e) => ((name = valueOf(e)), (named = true), refresh())}
        />
        <small>Letters, digits and . _ -, as in “photos”.</small>
      </label>
      ${buttons(null, complete(), 'Go on', () => walk(1))}`;
  }

  /**
   * @param {{account: string, path: string}} each @param {number} index @param {Account[]} all
   */
  function endpointRow(each, index, all) {
    const account = all.find((one) => one.name === each.account);
    return html`<li class="choice">
      <button class="choice-button ${account ? 'chosen' : ''}" @click=${() => choose(index)}>
        ${account ? mark(account.kind) : html`<span class="mark">${icon('folder')}</span>`}
        <span class="row-main">
          <span class="row-name">${account ? account.name : index === 0 ? 'Choose a folder' : 'Choose another folder'}</span>
          <span class="row-sub"><bdi>${account ? each.path || 'everything in it' : 'of one of your accounts'}</bdi></span>
        </span>
        <span class="choice-end">${account ? 'Change' : icon('right')}</span>
      </button>
      ${endpoints.length > 2
        ? html`<button
            class="button plain square"
            aria-label=${`Leave out folder ${index + 1}`}
            @click=${() => ((endpoints = endpoints.filter((_, at) => at !== index)), refresh())}
          >
            ${icon('close')}
          </button>`
        : nothing}
    </li>`;
  }

  /** @param {Account[]} all */
  function ruleStep(all) {
    return html`<div class="card padded">${picture(sides(all), form.rule.mode)}</div>
      ${form.rule.mode !== 'two-way'
        ? html`<button
            class="button plain"
            @click=${() => ((endpoints = [...endpoints.slice(1), endpoints[0]]), refresh())}
          >
            ${icon('refresh')}Make ${endpoints[1].account} the source
          </button>`
        : nothing}
      ${form.modeView()}
      <details class="more-rule">
        <summary>Conflicts, filters, guard</summary>
        <div class="stack">${form.conflictView(endpoints)} ${form.filterView()} ${form.guardView()}</div>
      </details>
      ${buttons(() => walk(0), form.fine, 'Go on', () => walk(2))}`;
  }

  /** @param {Account[]} all */
  function previewStep(all) {
    const { rule } = form;
    return html`<div class="card padded">
        ${picture(sides(all), rule.mode)}
        <dl class="facts wide">
          <div><dt>Name</dt><dd>${name}</dd></div>
          <div><dt>${MODES[rule.mode].title}</dt><dd>${MODES[rule.mode].says}</dd></div>
          <div>
            <dt>In a conflict</dt>
            <dd>
              ${keeps(endpoints).find(([value]) => value === rule.keep)?.[1]} keeps the name, the other
              stays beside it
            </dd>
          </div>
          <div><dt>Left alone</dt><dd>${leftAlone()}</dd></div>
          <div><dt>Asks before</dt><dd>more than ${rule.max_delete} is deleted or overwritten in a day</dd></div>
        </dl>
      </div>
      <p>
        Both sides are looked at now, and the first run is planned. <strong>Nothing is done before you
        have seen that plan and let it through.</strong>
      </p>
      ${act.problem ? problemBox(act.problem) : nothing}
      ${buttons(() => walk(1), !act.busy, act.busy ? 'One moment…' : 'Make it, and show the first run', make)}`;
  }

  function leftAlone() {
    const { patterns, min_size, max_size, min_age, max_age } = form.rule;
    const said = [
      ...(patterns ?? []),
      min_size != null ? `smaller than ${bytes(min_size)}` : '',
      max_size != null ? `bigger than ${bytes(max_size)}` : '',
      min_age ? `changed less than ${min_age} ago` : '',
      max_age ? `changed more than ${max_age} ago` : '',
    ].filter(Boolean);
    return said.length ? said.join(', ') : 'nothing';
  }

  /** @param {Account[]} all */
  function sides(all) {
    return endpoints.map((each) => {
      const account = all.find((one) => one.name === each.account);
      return { ...each, kind: account?.kind ?? 'folder', title: account?.title ?? '' };
    });
  }

  /** @param {Accounts} data */
  function show(data) {
    if (data.items.length === 0) {
      return empty({
        sign: 'accounts',
        title: 'First, connect an account',
        text: 'A sync keeps folders of your accounts in step.',
        action: html`<a class="button primary" href="#/connect">Connect an account</a>`,
      });
    }
    const views = [foldersStep, ruleStep, previewStep];
    const titles = ['Which folders are to be kept in step?', 'How are they to be kept in step?', 'Does this look right?'];
    return html`<ol class="progress" aria-label="Steps">
        ${STEPS.map(
          (each, index) => html`<li class=${index < step ? 'past' : ''} aria-current=${index === step ? 'step' : nothing}>
            ${each}
          </li>`,
        )}
      </ol>
      <section class="narrow stack">
        <h2 class="step-title" tabindex="-1">${titles[step]}</h2>
        ${views[step](data.items)}
      </section>`;
  }

  return {
    title: 'New sync',
    view: () => html`${head('New sync', { back: ['#/', 'Syncs'] })}${settled(accounts, show)}`,
  };
}

/**
 * @param {(() => void) | null} back
 * @param {boolean} ready
 * @param {string} says
 * @param {() => unknown} on
 */
function buttons(back, ready, says, on) {
  return html`<div class="actions">
    ${back ? html`<button class="button" @click=${back}>Back</button>` : nothing}
    <button class="button primary" ?disabled=${!ready} @click=${on}>${says}</button>
  </div>`;
}

/** @param {string} name */
function nameIsFine(name) {
  return /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u.test(name.trim());
}

/** A name after the folder, or the account. @param {{account: string, path: string}[]} endpoints */
function suggested(endpoints) {
  const paths = endpoints.map((each) => each.path.split('/').at(-1) || each.account);
  const word = (paths.find(Boolean) ?? '').toLowerCase().replace(/[^\p{L}\p{N}._-]+/gu, '-');
  return word.replace(/^[^\p{L}\p{N}]+|-+$/gu, '').slice(0, 64);
}
