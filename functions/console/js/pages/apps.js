/** The OAuth apps that accounts are signed in through, for administrators. */
import { ask, path as at } from '../lib/api.js';
import { Act, say } from '../lib/acts.js';
import { html, nothing } from '../lib/html.js';
import { confirm } from '../parts/dialog.js';
import { head } from '../parts/frame.js';
import { badge, icon, mark } from '../parts/icons.js';
import { empty, problemBox, settled } from '../parts/states.js';
import { valueOf } from '../parts/ruleform.js';

/** @import { Resource } from '../lib/resource.js' */
/** @import { Provider, Providers } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

/** @param {Context} context @returns {Page} */
export function apps({ scope, place, session, refresh }) {
  /** @type {Resource<Providers>} */
  const providers = scope.one('/providers');
  const act = new Act(refresh);
  let open = place.query.get('kind') ?? '';
  let id = '';
  let secret = '';
  let url = '';

  /** @param {Provider} provider */
  function begin(provider) {
    open = provider.kind;
    id = provider.client_id;
    secret = '';
    act.problem = null;
    refresh();
  }

  /** @param {SubmitEvent} event @param {Provider} provider */
  async function save(event, provider) {
    event.preventDefault();
    const done = await act.run(
      'save',
      async () => {
        const elsewhere = url.trim() ? { url: url.trim() } : {};
        const body = { client_id: id.trim(), client_secret: secret, ...elsewhere };
        await ask('PUT', at`/providers/${provider.kind}/app`, { body });
        return true;
      },
      { quiet: true },
    );
    secret = '';
    if (done) {
      open = '';
      say(`Accounts at ${provider.title} can be connected now.`);
      await providers.load();
    }
    refresh();
  }

  /** @param {Provider} provider */
  function forget(provider) {
    confirm({
      title: `Forget the app for ${provider.title}?`,
      text: html`<p>Accounts that were signed in through it cannot be reached without it. No file is touched.</p>`,
      yes: 'Forget the app',
      run: async () => {
        await ask('DELETE', at`/providers/${provider.kind}/app`);
        await providers.load();
      },
    });
  }

  /** @param {Provider} provider */
  function card(provider) {
    const edits = open === provider.kind;
    return html`<section class="card padded app" aria-labelledby=${`app-${provider.kind}`}>
      <header class="card-head">
        ${mark(provider.kind)}
        <div class="card-title"><h2 id=${`app-${provider.kind}`}>${provider.title}</h2></div>
        ${provider.ready ? badge('good', 'Set up') : badge('calm', 'Not set up', 'wait')}
      </header>
      ${provider.redirect ? copied('Redirect address, to be registered with the app', provider.redirect) : nothing}
      ${provider.push ? copied('Address for pushes, to be registered with the app', provider.push) : nothing}
      ${edits
        ? form(provider)
        : html`${provider.client_id
              ? html`<p class="note">Client id <code>${provider.client_id}</code></p>`
              : nothing}
            <div class="actions">
              <button class="button small ${provider.ready ? '' : 'primary'}" @click=${() => begin(provider)}>
                ${provider.ready ? 'Change' : 'Set up'}<span class="hidden"> ${provider.title}</span>
              </button>
              ${provider.client_id
                ? html`<button class="button small plain" @click=${() => forget(provider)}>
                    Forget<span class="hidden"> ${provider.title}</span>
                  </button>`
                : nothing}
            </div>`}
    </section>`;
  }

  /** @param {Provider} provider */
  function form(provider) {
    return html`<form class="stack" @submit=${(/** @type {SubmitEvent} */ e) => save(e, provider)}>
      <label class="field">
        <span>Client id</span>
        <input type="text" required autocomplete="off" spellcheck="false" .value=${id}
          @input=${(/** @type {Event} */ e) => (id = valueOf(e))} />
      </label>
      <label class="field">
        <span>Client secret</span>
        <input type="password" autocomplete="off" .value=${secret}
          @input=${(/** @type {Event} */ e) => (secret = valueOf(e))} />
        <small>If the app has one. Kept encrypted, and never shown.</small>
      </label>
      ${['localhost', '127.0.0.1'].includes(location.hostname)
        ? html`<label class="field">
            <span>Its servers</span>
            <input type="url" spellcheck="false" placeholder="the provider’s own" .value=${url}
              @input=${(/** @type {Event} */ e) => (url = valueOf(e))} />
            <small>Of an emulator, to try things out on your own machine.</small>
          </label>`
        : nothing}
      ${act.problem ? problemBox(act.problem) : nothing}
      <div class="actions">
        <button class="button primary" ?disabled=${act.busy}>${act.busy ? 'Saving…' : 'Save'}</button>
        <button type="button" class="button plain" @click=${() => ((open = ''), refresh())}>Cancel</button>
      </div>
    </form>`;
  }

  /** @param {string} label @param {string} text */
  function copied(label, text) {
    return html`<div class="copied">
      <span class="copied-label">${label}</span>
      <code>${text}</code>
      <button
        class="button small"
        aria-label=${`Copy: ${label}`}
        @click=${async () => {
          await navigator.clipboard.writeText(text);
          say('Copied.');
        }}
      >
        ${icon('copy')}Copy
      </button>
    </div>`;
  }

  return {
    title: 'Provider apps',
    view: () => html`${head('Provider apps', {
        back: ['#/accounts', 'Accounts'],
        lead: 'Google, Dropbox and Microsoft let people in through an app that you register with them, once for everybody here.',
      })}
      ${session.user.admin
        ? settled(
            providers,
            (data) => html`<div class="stack narrow">
              ${data.items.filter((each) => each.connects === 'oauth').map(card)}
            </div>`,
          )
        : empty({ sign: 'key', title: 'For administrators', text: 'Ask who runs this deployment.' })}`,
  };
}
