/** A program asks to act for a person: yes or no. */
import { ask, path as at } from '../lib/api.js';
import { Act } from '../lib/acts.js';
import { html, nothing } from '../lib/html.js';
import { time } from '../lib/format.js';
import { go } from '../lib/router.js';
import { head } from '../parts/frame.js';
import { icon } from '../parts/icons.js';
import { empty, problemBox, settled } from '../parts/states.js';
import { valueOf } from '../parts/ruleform.js';

/** @import { DeviceRequest } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

/** @param {Context} context @returns {Page} */
export function device({ scope, place, session, refresh }) {
  const code = place.query.get('code') ?? '';
  const act = new Act(refresh);
  let typed = '';
  /** @type {boolean | null} */
  let decided = null;

  /** @param {boolean} allow */
  async function decide(allow) {
    const done = await act.run(
      allow ? 'allow' : 'deny',
      async () => (await ask('POST', at`/devices/${code}/decision`, { body: { allow } }), true),
      { quiet: true },
    );
    if (done) decided = allow;
    refresh();
  }

  /** @param {SubmitEvent} event */
  function find(event) {
    event.preventDefault();
    if (typed.trim()) go(`#/device?code=${encodeURIComponent(typed.trim().toUpperCase())}`);
  }

  function question() {
    const request = /** @type {import('../lib/resource.js').Resource<DeviceRequest>} */ (
      scope.one(at`/devices/${code}`)
    );
    if (request.problem && !request.data) {
      return html`${problemBox(request.problem)}${form()}`;
    }
    return settled(
      request,
      (asked) => html`<div class="card padded narrow stack">
        <p class="device-name">${icon('device')}<strong>${asked.name}</strong></p>
        <p>
          asks to act for ${session.user.email || 'you'}: to see and change syncs, accounts and
          conflicts as you can here.
        </p>
        <p>Does the program show this code?</p>
        <p class="user-code"><code>${asked.user_code}</code></p>
        <p class="note">
          If you have not just begun that yourself, say no. The request ends ${time(asked.expires_at)}.
        </p>
        ${act.problem ? problemBox(act.problem) : nothing}
        <div class="actions">
          <button class="button" ?disabled=${act.busy} @click=${() => decide(false)}>No</button>
          <button class="button primary" ?disabled=${act.busy} @click=${() => decide(true)}>
            Yes, it may act for me
          </button>
        </div>
      </div>`,
    );
  }

  function form() {
    return html`<form class="card padded narrow stack" @submit=${find}>
      <label class="field">
        <span>The code that the program shows</span>
        <input
          type="text"
          class="code-input"
          autocomplete="off"
          spellcheck="false"
          .value=${typed}
          @input=${(/** @type {Event} */ e) => (typed = valueOf(e))}
        />
      </label>
      <div class="actions"><button class="button primary">Go on</button></div>
    </form>`;
  }

  function answer() {
    return decided
      ? empty({
          sign: 'check',
          title: 'It may act for you',
          text: 'Go back to the program: it goes on by itself. Under Settings you can take that back.',
        })
      : empty({ sign: 'close', title: 'It may not', text: 'The program was refused.' });
  }

  return {
    title: 'A program asks',
    view: () => html`${head('A program asks to act for you')}
      ${decided !== null ? answer() : code ? question() : form()}`,
  };
}
