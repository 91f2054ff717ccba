/** A sync as a picture: its endpoints, and between them where changes go. */
import { html, nothing } from '../lib/html.js';
import { bytes, plural, split, time } from '../lib/format.js';
import { ENDPOINTS, MODES, verbOf } from '../lib/words.js';
import { icon, mark } from './icons.js';

/** @import { EndpointState, Moving, Movings, Rule, Sync } from '../shapes.js' */

/** @typedef {{account: string, path: string, kind: string, title: string, state?: EndpointState['state'], reason?: string, files?: number | null}} Side */

/**
 * @param {Side[]} sides
 * @param {Rule['mode']} mode
 * @param {{moving?: Movings | null, flows?: boolean, halted?: boolean}} [now]
 */
export function picture(sides, mode, { moving = null, flows = false, halted = false } = {}) {
  const [first, ...others] = sides;
  return html`<div class="picture">
    <ul class="sides" aria-label=${mode === 'two-way' ? 'Folder' : 'Source'}>${side(first)}</ul>
    <div class="link ${mode} ${flows ? 'flows' : ''} ${halted ? 'halted' : ''}">
      <span class="track" aria-hidden="true">
        ${mode === 'two-way' ? html`<span class="tip start"></span>` : nothing}
        <span class="line"></span>
        <span class="tip end"></span>
      </span>
      <span class="link-says">${MODES[mode].title}</span>
      ${moving?.items.length ? html`<span class="link-now">${nowMoving(moving)}</span>` : nothing}
    </div>
    <ul class="sides" aria-label=${mode === 'two-way' ? 'In step with' : 'Destination'}>
      ${others.map(side)}
    </ul>
  </div>`;
}

/** @param {Side} each */
function side(each) {
  const troubled = each.state && each.state !== 'good';
  const says = each.state ? ENDPOINTS[each.state] : null;
  return html`<li class="side-card ${says?.tone ?? ''}">
    ${mark(each.kind)}
    <span class="side-text">
      <span class="side-name" title=${each.account}>${each.account}</span>
      <span class="side-path" title=${each.path || 'everything in it'}>
        <bdi>${each.path || 'everything'}</bdi>
      </span>
      ${troubled && says
        ? html`<span class="side-state ${says.tone}" title=${each.reason ?? ''}>${says.title}</span>`
        : each.files != null
          ? html`<span class="side-files">${plural(each.files, 'item')}</span>`
          : nothing}
    </span>
  </li>`;
}

/** @param {Movings} moving */
function nowMoving(moving) {
  const [first] = moving.items;
  const rest = moving.total - 1;
  return html`<span class="now-name">${split(first.path).name}</span>
    <span class="now-rest">
      ${first.from_account ? '' : verbOf(first.verb).will.toLowerCase()}
      ${first.to_account ? `to ${first.to_account}` : ''}${rest > 0 ? `, ${plural(rest, 'more', 'more')}` : ''}
    </span>`;
}

/**
 * What is being done, one below the other.
 * @param {Movings} moving
 */
export function movingList(moving) {
  return html`<ul class="rows" aria-label="What is being done">
      ${moving.items.map(movingRow)}
    </ul>
    ${moving.total > moving.items.length
      ? html`<p class="note">and ${plural(moving.total - moving.items.length, 'more', 'more')}</p>`
      : nothing}`;
}

/** @param {Moving} each */
function movingRow(each) {
  const { folder, name } = split(each.path);
  const verb = verbOf(each.verb);
  return html`<li class="row">
    <span class="verb ${verb.tone}">${verb.will}</span>
    <span class="row-main">
      <span class="row-name" title=${each.path}><bdi>${name}</bdi></span>
      <span class="row-sub">
        ${each.from_account ? html`${each.from_account} ${icon('arrow', 'tiny')} ` : nothing}${each.to_account}
        ${folder ? html` · <bdi>${folder}</bdi>` : nothing}
      </span>
      ${each.waits ? html`<span class="row-sub warn">${icon('wait', 'tiny')} ${each.waits}</span>` : nothing}
    </span>
    <span class="row-end">${each.size == null ? '' : bytes(each.size)}</span>
  </li>`;
}

/** When all sides were known to be equal, if there is something to say. @param {Sync} sync */
export function stepSaid(sync) {
  if (sync.verified_at) return html`In step ${time(sync.verified_at)}`;
  return sync.state === 'in-step' ? nothing : 'Never in step yet';
}

/**
 * What a sync is, for those who cannot see the picture.
 * @param {Sync} sync
 */
export function inWords(sync) {
  const [first, ...others] = sync.endpoints.map((each) => `${each.account}:${each.path}`);
  const link = sync.rule.mode === 'two-way' ? 'and' : 'to';
  return `${MODES[sync.rule.mode].title}: ${first} ${link} ${others.join(', ')}`;
}
