/** How a page is while there is nothing to show, not yet, or not any more. */
import { html, nothing } from '../lib/html.js';
import { icon } from './icons.js';

/** @import { Content } from '../lib/html.js' */
/** @import { Problem } from '../lib/api.js' */
/** @import { Listing, Resource } from '../lib/resource.js' */

/**
 * Nothing is there, and that is no error.
 * @param {{sign: string, title: string, text?: Content, action?: Content}} what
 */
export function empty({ sign, title, text, action }) {
  return html`<div class="empty">
    <span class="empty-sign">${icon(sign)}</span>
    <h2>${title}</h2>
    ${text ? html`<p>${text}</p>` : nothing}
    ${action ? html`<div class="actions">${action}</div>` : nothing}
  </div>`;
}

/**
 * What went wrong, and what to do.
 * @param {Problem} problem
 * @param {() => unknown} [again]
 */
export function problemBox(problem, again) {
  return html`<div class="box bad" role="alert">
    ${icon('alert')}
    <div class="box-text">
      <p><strong>${problem.message}</strong></p>
      ${problem.mend ? html`<p>${problem.mend}</p>` : nothing}
    </div>
    ${again ? html`<button class="button small" @click=${again}>Try again</button>` : nothing}
  </div>`;
}

/**
 * Something that a person should know.
 * @param {'info' | 'warn' | 'bad' | 'good'} tone
 * @param {Content} text
 * @param {{sign?: string, action?: Content, title?: string}} [more]
 */
export function box(tone, text, { sign = tone === 'good' ? 'check' : 'alert', action, title } = {}) {
  return html`<div class="box ${tone}">
    ${icon(sign)}
    <div class="box-text">
      ${title ? html`<p><strong>${title}</strong></p>` : nothing}
      <p>${text}</p>
    </div>
    ${action ?? nothing}
  </div>`;
}

/**
 * Where something will be.
 * @param {number} rows
 * @param {string} [kind] `card` or `row`
 */
export function skeleton(rows, kind = 'row') {
  return html`<div class="skeletons" role="status">
    <span class="hidden">Loading</span>
    ${Array.from({ length: rows }, () => html`<div class="skeleton ${kind}" aria-hidden="true"></div>`)}
  </div>`;
}

/**
 * What is at an address, or why it is not there. What is shown stays if it cannot be renewed.
 * @template T
 * @param {Resource<T>} resource
 * @param {(data: T) => Content} show
 * @param {Content} [waiting]
 */
export function settled(resource, show, waiting = skeleton(3)) {
  if (resource.data !== null) {
    return html`${stale(resource)}${show(resource.data)}`;
  }
  if (resource.problem) return problemBox(resource.problem, () => resource.load());
  return waiting;
}

/**
 * @template T
 * @param {Listing<T>} list
 * @param {(items: T[]) => Content} show
 * @param {{none: () => Content, waiting?: Content}} otherwise
 */
export function listed(list, show, { none, waiting = skeleton(4) }) {
  if (list.items === null) {
    return list.problem ? problemBox(list.problem, () => list.load()) : waiting;
  }
  if (list.items.length === 0 && !list.next) return html`${stale(list)}${none()}`;
  return html`${stale(list)}${show(list.items)}${more(list)}`;
}

/** @param {Listing<any>} list */
export function more(list) {
  if (!list.next) return nothing;
  return html`<div class="more">
    <button class="button" ?disabled=${list.adding} @click=${() => list.more()}>
      ${list.adding ? 'Loading…' : 'Show more'}
    </button>
  </div>`;
}

/** Offline is said by the frame. @param {Resource<any> | Listing<any>} what */
function stale(what) {
  if (!what.problem || what.problem.offline || what.problem.status === 401) return nothing;
  return problemBox(what.problem, () => what.load());
}
