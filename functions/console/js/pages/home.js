/** All syncs, and what asks for a person first. */
import { path as at } from '../lib/api.js';
import { html, nothing, repeat } from '../lib/html.js';
import { plural } from '../lib/format.js';
import { to } from '../lib/router.js';
import { HEALTH, STATES } from '../lib/words.js';
import { head } from '../parts/frame.js';
import { badge, icon } from '../parts/icons.js';
import { inWords, picture, stepSaid } from '../parts/picture.js';
import { settled, skeleton } from '../parts/states.js';

/** @import { Content } from '../lib/html.js' */
/** @import { Resource } from '../lib/resource.js' */
/** @import { Account, Accounts, Movings, Plans, Sync, Syncs } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

/** @typedef {{tone: 'bad' | 'warn', sign: string, title: Content, text: Content, href: string, go: string}} Asks */

/** @param {Context} context @returns {Page} */
export function home({ scope }) {
  /** @type {Resource<Syncs>} */
  const syncs = scope.one('/syncs', 'sync', 'conflict', 'plan');
  /** @type {Resource<Accounts>} */
  const accounts = scope.one('/accounts', 'account');
  /** @type {Resource<Plans>} */
  const plans = scope.one('/plans', 'plan', 'sync');

  /** @param {Sync} sync */
  function movingOf(sync) {
    const place = at`/syncs/${sync.name}/moving`;
    if (sync.state !== 'working' && !sync.to_do) {
      scope.drop(place);
      return null;
    }
    /** @type {Resource<Movings>} */
    const moving = scope.one(place, `sync:${sync.name}`);
    return moving.data;
  }

  /** @param {Syncs} data */
  function show(data) {
    if (data.items.length === 0) return nothingYet(accounts.data?.items ?? null);
    const asks = allAsks(data.items, accounts.data?.items ?? [], plans.data);
    return html`
      ${asks.length
        ? html`<section class="asks" aria-labelledby="asks-title">
            <h2 id="asks-title">${asks.length === 1 ? 'One thing needs you' : `${asks.length} things need you`}</h2>
            <ul class="ask-list">${asks.map(askRow)}</ul>
          </section>`
        : nothing}
      <ul class="cards" aria-label="Syncs">
        ${repeat(ordered(data.items), (each) => each.name, (each) => card(each, movingOf(each)))}
      </ul>`;
  }

  return {
    title: 'Syncs',
    view: () => html`${head('Syncs', {
      actions: syncs.data?.items.length
        ? html`<a class="button primary" href="#/new">${icon('plus')}New sync</a>`
        : undefined,
    })}
    ${settled(syncs, show, skeleton(3, 'card'))}`,
  };
}

/**
 * @param {Sync} sync
 * @param {Movings | null} moving
 */
function card(sync, moving) {
  const { title, tone } = STATES[sync.state];
  return html`<li class="card sync-card">
    <header class="card-head">
      <h2><a class="cover" href=${to`#/syncs/${sync.name}`}>${sync.name}</a></h2>
      ${badge(tone, title)}
    </header>
    <p class="hidden">${inWords(sync)}</p>
    ${picture(sync.endpoints, sync.rule.mode, {
      moving,
      flows: sync.state === 'working' && sync.to_do > 0,
      halted: sync.paused || sync.state === 'stopped',
    })}
    <footer class="card-foot">
      <p class="reason">${sync.reason || 'All sides are equal.'}</p>
      <p class="note">
        ${sync.to_do ? html`${plural(sync.to_do, 'thing')} to do · ` : nothing}
        ${sync.conflicts ? html`${conflictsOf(sync)} · ` : nothing}
        ${stepSaid(sync)}
      </p>
    </footer>
  </li>`;
}

/** @param {Asks} each */
function askRow(each) {
  return html`<li class="ask ${each.tone}">
    ${icon(each.sign)}
    <span class="ask-text"><strong>${each.title}</strong><span>${each.text}</span></span>
    <a class="button small" href=${each.href}>${each.go}</a>
  </li>`;
}

/** What stands still comes first. @param {Sync[]} syncs */
function ordered(syncs) {
  const rank = { stopped: 0, working: 1, waiting: 2, 'in-step': 3, paused: 4 };
  return [...syncs].sort((a, b) => rank[a.state] - rank[b.state] || a.name.localeCompare(b.name));
}

/**
 * @param {Sync[]} syncs
 * @param {Account[]} accounts
 * @param {Plans | null} plans
 * @returns {Asks[]}
 */
function allAsks(syncs, accounts, plans) {
  const waiting = (plans?.items ?? []).map((plan) => ({
    tone: /** @type {'warn' | 'bad'} */ (plan.preview ? 'warn' : 'bad'),
    sign: plan.preview ? 'wait' : 'stop',
    title: plan.preview ? `${plan.sync}: the first run waits` : `${plan.sync}: a guard stopped it`,
    text: plan.reason,
    href: to`#/syncs/${plan.sync}/plan/${plan.id}`,
    go: plan.preview ? 'Look at it' : 'Decide',
  }));
  const planned = new Set(waiting.map((each) => each.href.split('/')[2]));
  const stopped = syncs
    .filter((sync) => sync.state === 'stopped' && !planned.has(encodeURIComponent(sync.name)))
    .map((sync) => ({
      tone: /** @type {const} */ ('bad'),
      sign: 'stop',
      title: `${sync.name} asks you`,
      text: sync.reason,
      href: to`#/syncs/${sync.name}`,
      go: 'Open',
    }));
  const broken = accounts
    .filter((account) => account.health === 'broken')
    .map((account) => ({
      tone: /** @type {const} */ ('bad'),
      sign: 'key',
      title: `${account.name}: ${HEALTH[account.health].title.toLowerCase()}`,
      text: account.reason,
      href: to`#/accounts/${account.name}`,
      go: 'Mend',
    }));
  const conflicts = syncs
    .filter((sync) => sync.conflicts > 0)
    .map((sync) => ({
      tone: /** @type {const} */ ('warn'),
      sign: 'conflicts',
      title: `${sync.name}: ${conflictsOf(sync)}`,
      text: 'Both versions are kept until you decide.',
      href: `#/conflicts?sync=${encodeURIComponent(sync.name)}`,
      go: 'Compare',
    }));
  const problems = syncs
    .filter((sync) => sync.problems.length > 0)
    .map((sync) => ({
      tone: /** @type {const} */ ('warn'),
      sign: 'alert',
      title: `${sync.name}: ${plural(sync.problems.length, 'problem')}`,
      text: sync.problems[0],
      href: to`#/syncs/${sync.name}`,
      go: 'Look',
    }));
  return [...broken, ...waiting, ...stopped, ...conflicts, ...problems];
}

/** Of very many the API says 100. @param {Sync} sync */
function conflictsOf({ conflicts }) {
  return conflicts >= 100 ? '100 conflicts or more' : plural(conflicts, 'conflict');
}

/** The way from nothing to the first sync. @param {Account[] | null} accounts */
function nothingYet(accounts) {
  if (accounts === null) return skeleton(1, 'card');
  const enough = accounts.length >= 2;
  return html`<div class="first">
    <h2>Two steps to your first sync</h2>
    <ol class="steps">
      <li class=${enough ? 'done' : ''}>
        <span class="step-sign" aria-hidden="true">${enough ? icon('check') : '1'}</span>
        <div>
          <h3>Connect two accounts</h3>
          <p>
            ${enough
              ? `You have ${accounts.map((each) => each.name).join(', ')}.`
              : accounts.length
                ? `You have ${accounts[0].name}; one more is needed, or two folders of the same.`
                : 'A Google Drive, a Dropbox, a OneDrive, or a bucket: what is to be kept in step.'}
          </p>
          <a class="button ${enough ? '' : 'primary'}" href="#/connect">Connect an account</a>
        </div>
      </li>
      <li>
        <span class="step-sign" aria-hidden="true">2</span>
        <div>
          <h3>Choose the folders</h3>
          <p>You see what the first run would do, before anything is done.</p>
          ${accounts.length
            ? html`<a class="button ${enough ? 'primary' : ''}" href="#/new">Make a sync</a>`
            : nothing}
        </div>
      </li>
    </ol>
  </div>`;
}
