/** What surrounds every page: navigation, notices, and how the connection is. */
import { html, nothing, repeat } from '../lib/html.js';
import { dismiss, notices } from '../lib/acts.js';
import { live } from '../lib/live.js';
import { dialogView } from './dialog.js';
import { icon } from './icons.js';

/** @import { Content } from '../lib/html.js' */
/** @import { User } from '../shapes.js' */

/** Address, name, sign, and whether a phone shows it at the bottom. @type {[string, string, string, boolean][]} */
const PAGES = [
  ['', 'Syncs', 'syncs', true],
  ['activity', 'Activity', 'activity', true],
  ['conflicts', 'Conflicts', 'conflicts', false],
  ['files', 'Files', 'files', true],
  ['accounts', 'Accounts', 'accounts', true],
  ['statistics', 'Statistics', 'statistics', false],
  ['settings', 'Settings', 'settings', false],
];

/**
 * @param {{user: User, part: string, conflicts: number, page: Content}} what
 */
export function frame({ user, part, conflicts, page }) {
  const current = part === 'syncs' ? '' : part;
  const more = PAGES.filter(([, , , first]) => !first);
  return html`<a class="skip" href="#main" @click=${skip}>To the content</a>
    <header class="side">
      <a class="brand" href="#/"><img src="icon.svg" alt="" width="24" height="24" />SyncOxiders</a>
      <nav aria-label="Main">
        <ul>
          ${PAGES.map(([name, title, sign, first]) => link(name, title, sign, current, conflicts, first))}
          <li class="bottom only-phone">
            <button
              class="nav-link"
              popovertarget="more-menu"
              aria-current=${more.some(([name]) => name === current) ? 'true' : nothing}
            >
              ${icon('more')}<span>More</span>
              ${conflicts ? html`<span class="dot"><span class="hidden">conflicts wait</span></span>` : nothing}
            </button>
          </li>
        </ul>
      </nav>
      <div class="side-end">
        ${connection()}
        <p class="whoami" title=${user.email}>${icon('user')}<span>${user.email || 'You'}</span></p>
      </div>
    </header>
    <div id="more-menu" popover class="menu">
      <ul aria-label="More pages">
        ${more.map(
          ([name, title, sign]) => html`<li>
            <a class="nav-link" href="#/${name}" @click=${hideMenu}>
              ${icon(sign)}<span>${title}</span>
              ${name === 'conflicts' && conflicts ? html`<span class="count">${conflicts}</span>` : nothing}
            </a>
          </li>`,
        )}
      </ul>
    </div>
    <main id="main" tabindex="-1">${page}</main>
    ${noticesView()} ${dialogView()}`;
}

/**
 * Before there is a person: no navigation.
 * @param {Content} page
 */
export function bareFrame(page) {
  return html`<main id="main" class="bare" tabindex="-1">${page}</main>
    ${noticesView()} ${dialogView()}`;
}

/**
 * @param {string} name @param {string} title @param {string} sign
 * @param {string} current @param {number} conflicts @param {boolean} first
 */
function link(name, title, sign, current, conflicts, first) {
  return html`<li class=${first ? 'bottom' : ''}>
    <a class="nav-link" href="#/${name}" aria-current=${name === current ? 'page' : nothing}>
      ${icon(sign)}<span>${title}</span>
      ${name === 'conflicts' && conflicts
        ? html`<span class="count">${conflicts}<span class="hidden"> wait</span></span>`
        : nothing}
    </a>
  </li>`;
}

function connection() {
  /** @type {Record<string, [string, string]>} */
  const says = {
    live: ['Live', 'What happens is shown as it happens.'],
    polling: ['Every few seconds', 'There is no live connection; it is asked every three seconds.'],
    offline: ['Offline', 'The deployment cannot be reached. What is shown is as it was last.'],
    connecting: ['Connecting', ''],
    off: ['', ''],
  };
  const [word, title] = says[live.state];
  return html`<p class="connection ${live.state}" role="status" title=${title}>
    <span class="lamp" aria-hidden="true"></span>${word}
  </p>`;
}

function noticesView() {
  return html`<div class="notices" role="region" aria-label="Notices" aria-live="polite">
    ${repeat(
      notices.list,
      (each) => each.id,
      (each) => html`<div class="notice ${each.tone}">
        ${icon(each.tone === 'bad' ? 'alert' : 'check')}
        <div class="notice-text">
          <p>${each.text}</p>
          ${each.mend ? html`<p>${each.mend}</p>` : nothing}
        </div>
        ${each.undo
          ? html`<button
              class="button small plain"
              @click=${() => {
                dismiss(each.id);
                each.undo?.run();
              }}
            >
              ${each.undo.label}
            </button>`
          : nothing}
        <button class="button plain square small" aria-label="Dismiss" @click=${() => dismiss(each.id)}>
          ${icon('close')}
        </button>
      </div>`,
    )}
  </div>`;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function hideMenu() {
  document.getElementById('more-menu')?.hidePopover();
}

/**
 * A page's head: where one comes from, its name, what can be done.
 * @param {string} title
 * @param {{back?: [string, string], actions?: Content, lead?: Content, badge?: Content}} [more]
 */
export function head(title, { back, actions, lead, badge } = {}) {
  return html`<header class="head">
    ${back
      ? html`<nav class="back" aria-label="Breadcrumb">
          <a href=${back[0]}>${icon('left', 'tiny')}${back[1]}</a>
        </nav>`
      : nothing}
    <div class="head-row">
      <h1 tabindex="-1" title=${title}>${title}</h1>
      ${badge ?? nothing}
      ${actions ? html`<div class="actions">${actions}</div>` : nothing}
    </div>
    ${lead ? html`<p class="lead">${lead}</p>` : nothing}
  </header>`;
}
