/** People, programs, appearance, and the way out. */
import { ask, path as at } from '../lib/api.js';
import { Act, say } from '../lib/acts.js';
import { html, nothing } from '../lib/html.js';
import { moment, time } from '../lib/format.js';
import { confirm } from '../parts/dialog.js';
import { head } from '../parts/frame.js';
import { badge, icon } from '../parts/icons.js';
import { problemBox, settled } from '../parts/states.js';
import { checkedOf, valueOf } from '../parts/ruleform.js';

/** @import { Resource } from '../lib/resource.js' */
/** @import { Invitation, Invitations, Program, Programs, User, Users } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

/** @param {Context} context @returns {Page} */
export function settings({ scope, session, refresh, logOut }) {
  const { user } = session;
  const act = new Act(refresh);
  let email = '';
  let admin = false;

  function appearance() {
    const chosen = localStorage.getItem('theme') ?? '';
    /** @type {[string, string][]} */
    const choices = [['', 'As the system'], ['light', 'Light'], ['dark', 'Dark']];
    return html`<section aria-labelledby="look-title">
      <h2 id="look-title">Appearance</h2>
      <div class="segments" role="radiogroup" aria-labelledby="look-title">
        ${choices.map(
          ([value, title]) => html`<label>
            <input type="radio" name="theme" .checked=${chosen === value} @change=${() => setTheme(value)} />
            <span>${title}</span>
          </label>`,
        )}
      </div>
    </section>`;
  }

  /** @param {string} value */
  function setTheme(value) {
    if (value) {
      localStorage.setItem('theme', value);
      document.documentElement.dataset.theme = value;
    } else {
      localStorage.removeItem('theme');
      delete document.documentElement.dataset.theme;
    }
    refresh();
  }

  function programs() {
    /** @type {Resource<Programs>} */
    const known = scope.one('/programs');
    return html`<section aria-labelledby="programs-title">
      <h2 id="programs-title">Programs that may act for you</h2>
      ${settled(known, (data) =>
        data.items.length
          ? html`<ul class="rows">
              ${data.items.map(
                (each) => html`<li class="row">
                  ${icon('device')}
                  <span class="row-main">
                    <span class="row-name" title=${each.name}>${each.name}</span>
                    <span class="row-sub">since ${moment(each.since)}, until ${moment(each.expires_at)}</span>
                  </span>
                  <button class="button small" @click=${() => revoke(each, known)}>
                    Take back<span class="hidden"> from ${each.name}</span>
                  </button>
                </li>`,
              )}
            </ul>`
          : html`<p class="note">
              None. <code>syncoxiders cloud login</code> asks for it, and you say yes here.
            </p>`,
      )}
      <p><a href="#/device">Does a program show you a code?</a></p>
    </section>`;
  }

  /** @param {Program} program @param {Resource<Programs>} known */
  function revoke(program, known) {
    confirm({
      title: `Take it back from ${program.name}?`,
      text: html`<p>It has to ask again before it can act for you.</p>`,
      yes: 'Take back',
      run: async () => {
        await ask('DELETE', at`/programs/${program.id}`);
        await known.load();
      },
    });
  }

  function people() {
    /** @type {Resource<Users>} */
    const users = scope.one('/users');
    /** @type {Resource<Invitations>} */
    const invitations = scope.one('/invitations');
    return html`<section aria-labelledby="people-title">
      <h2 id="people-title">People</h2>
      <p class="note">Everybody sees their own accounts, syncs and files only.</p>
      ${settled(users, (data) => html`<ul class="rows">${data.items.map((each) => userRow(each, users))}</ul>`)}
      ${settled(
        invitations,
        (data) =>
          data.items.length
            ? html`<h3>Invited</h3>
                <ul class="rows">${data.items.map((each) => invitationRow(each, invitations))}</ul>`
            : nothing,
        nothing,
      )}
      <form class="invite" @submit=${(/** @type {SubmitEvent} */ e) => invite(e, invitations)}>
        <label class="field">
          <span>Invite somebody</span>
          <input
            type="email"
            required
            placeholder="name@example.org"
            .value=${email}
            @input=${(/** @type {Event} */ e) => (email = valueOf(e))}
          />
        </label>
        <label class="check">
          <input type="checkbox" .checked=${admin} @change=${(/** @type {Event} */ e) => (admin = checkedOf(e))} />
          <span>as an administrator</span>
        </label>
        <button class="button" ?disabled=${act.busy}>Invite</button>
      </form>
      ${act.problem ? problemBox(act.problem) : nothing}
    </section>`;
  }

  /** @param {SubmitEvent} event @param {Resource<Invitations>} invitations */
  async function invite(event, invitations) {
    event.preventDefault();
    const done = await act.run(
      'invite',
      async () => (await ask('POST', '/invitations', { body: { email: email.trim(), admin } }), true),
      { quiet: true },
    );
    if (!done) return;
    say(`${email} will be let in. Tell them where: no mail is sent.`);
    email = '';
    admin = false;
    await invitations.load();
  }

  /** @param {User} each @param {Resource<Users>} users */
  function userRow(each, users) {
    const self = each.id === user.id;
    return html`<li class="row">
      ${icon('user')}
      <span class="row-main">
        <span class="row-name" title=${each.email}>${each.email || each.id}${self ? ' (you)' : ''}</span>
        <span class="row-sub">seen ${time(each.seen_at)}</span>
      </span>
      ${each.admin ? badge('calm', 'Administrator', 'key') : nothing}
      ${self
        ? nothing
        : html`<button class="button small" @click=${() => removeUser(each, users)}>
            Remove<span class="hidden"> ${each.email}</span>
          </button>`}
    </li>`;
  }

  /** @param {User} each @param {Resource<Users>} users */
  function removeUser(each, users) {
    confirm({
      title: `Remove ${each.email}?`,
      text: html`<p>
        Their accounts and syncs are forgotten here, with what was stored to reach them.
        <strong>No file is touched.</strong>
      </p>`,
      yes: 'Remove',
      run: async () => {
        await ask('DELETE', at`/users/${each.id}`);
        await users.load();
      },
    });
  }

  /** @param {Invitation} each @param {Resource<Invitations>} invitations */
  function invitationRow(each, invitations) {
    return html`<li class="row">
      ${icon('wait')}
      <span class="row-main">
        <span class="row-name" title=${each.email}>${each.email}</span>
        <span class="row-sub">invited ${time(each.invited_at)}${each.admin ? ', as an administrator' : ''}</span>
      </span>
      <button
        class="button small"
        @click=${() => act.run('withdraw', async () => {
          await ask('DELETE', at`/invitations/${each.email}`);
          await invitations.load();
        })}
      >
        Withdraw<span class="hidden"> the invitation of ${each.email}</span>
      </button>
    </li>`;
  }

  return {
    title: 'Settings',
    view: () => html`${head('Settings')}
      <div class="narrow stack wide-gaps">
        <section aria-labelledby="you-title">
          <h2 id="you-title">You</h2>
          <div class="row boxed">
            ${icon('user')}
            <span class="row-main">
              <span class="row-name" title=${user.email}>${user.email || 'You'}</span>
              <span class="row-sub">logged in until ${moment(session.expires_at)}</span>
            </span>
            <button class="button small" @click=${() => act.run('out', logOut)}>${icon('exit')}Log out</button>
          </div>
        </section>
        ${appearance()} ${programs()} ${user.admin ? people() : nothing}
      </div>`,
  };
}
