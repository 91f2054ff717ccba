/** Connecting an account: by signing in at its provider, by keys, or by naming a folder. */
import { ask } from '../lib/api.js';
import { Act, newKey, say } from '../lib/acts.js';
import { html, nothing } from '../lib/html.js';
import { go, to } from '../lib/router.js';
import { head } from '../parts/frame.js';
import { icon, mark } from '../parts/icons.js';
import { box, problemBox, settled } from '../parts/states.js';
import { valueOf } from '../parts/ruleform.js';

/** @import { Resource } from '../lib/resource.js' */
/** @import { Account, Connection, NewConnection, Provider, Providers } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

/** What each provider may be told: name, label, what it is for. @type {Record<string, [string, string, string][]>} */
const SETTINGS = {
  drive: [['shared_drive', 'Shared drive', 'Its id, for a shared drive instead of your own.']],
  onedrive: [
    ['tenant', 'Tenant', 'Of your organisation; empty for any.'],
    ['site', 'SharePoint site', 'As example.sharepoint.com:/sites/team, for its library instead of your OneDrive.'],
  ],
  s3: [
    ['url', 'Address', 'Of what speaks S3’s protocol; empty for Amazon.'],
    ['region', 'Region', 'As eu-central-1.'],
    ['style', 'Style', 'path or virtual; empty for what fits.'],
  ],
  folder: [['path', 'Folder', 'On the machine that the deployment runs on.']],
};

/** @param {Context} context @param {string} [kind] @returns {Page} */
export function connect({ scope, session, refresh }, kind) {
  /** @type {Resource<Providers>} */
  const providers = scope.one('/providers');
  const act = new Act(refresh);
  const key = newKey();
  let name = kind ?? '';
  let keyId = '';
  let secret = '';
  /** @type {Record<string, string>} */
  const settings = {};

  /** @param {SubmitEvent} event @param {Provider} provider */
  function submit(event, provider) {
    event.preventDefault();
    void act.run('connect', () => (provider.connects === 'oauth' ? signIn(provider) : make(provider)), {
      quiet: true,
    });
  }

  /** @param {Provider} provider */
  async function signIn(provider) {
    await leave({
      kind: /** @type {NewConnection['kind']} */ (provider.kind),
      name: name.trim(),
      settings: chosen(),
    });
  }

  /** @param {Provider} provider */
  async function make(provider) {
    const body = { name: name.trim(), kind: provider.kind, settings: chosen() };
    const keys = provider.connects === 'keys' ? { access_key_id: keyId, secret_access_key: secret } : {};
    await ask('POST', '/accounts', { body: { ...body, ...keys }, once: key });
    secret = '';
    say(`${name} is connected.`);
    go(to`#/accounts/${name.trim()}` + '?connected');
  }

  function chosen() {
    const filled = Object.entries(settings).filter(([, value]) => value.trim());
    return filled.length ? Object.fromEntries(filled) : null;
  }

  /** @param {Providers} data */
  function choice(data) {
    return html`<ul class="cards providers" aria-label="Providers">
      ${data.items.map(
        (each) => html`<li class="card provider-card">
          ${mark(each.kind)}
          <div class="card-title">
            <h2>
              ${each.ready
                ? html`<a class="cover" href=${`#/connect/${each.kind}`}>${each.title}</a>`
                : each.title}
            </h2>
            <p class="row-sub">${each.ready ? HOW[each.connects] : 'Its app is not known yet.'}</p>
          </div>
          ${each.ready
            ? icon('right')
            : session.user.admin
              ? html`<a class="button small" href=${`#/apps?kind=${each.kind}`}>Set up</a>`
              : html`<span class="row-sub">Ask who runs this.</span>`}
        </li>`,
      )}
    </ul>`;
  }

  /** @param {Provider} provider */
  function form(provider) {
    return html`<form class="narrow stack" @submit=${(/** @type {SubmitEvent} */ e) => submit(e, provider)}>
      <label class="field">
        <span>A name for this account</span>
        <input
          type="text"
          class="medium"
          required
          maxlength="64"
          pattern="[A-Za-z0-9][A-Za-z0-9._\\-]*"
          spellcheck="false"
          .value=${name}
          @input=${(/** @type {Event} */ e) => (name = valueOf(e))}
        />
        <small>Yours to choose, as “work” or “family”: letters, digits and . _ -</small>
      </label>
      ${provider.connects === 'keys' ? keysView() : nothing} ${settingsView(provider)}
      ${provider.connects === 'oauth'
        ? box('info', `You are led to ${provider.title}, and back here. Your password stays there; you can end the access there, or here, whenever you like.`, { sign: 'key' })
        : nothing}
      ${act.problem ? problemBox(act.problem) : nothing}
      <div class="actions">
        <a class="button" href="#/connect">Back</a>
        <button class="button primary" ?disabled=${act.busy}>
          ${act.busy ? 'One moment…' : provider.connects === 'oauth' ? `Go to ${provider.title}` : 'Connect'}
        </button>
      </div>
    </form>`;
  }

  function keysView() {
    return html`<label class="field">
        <span>Access key id</span>
        <input type="text" required autocomplete="off" spellcheck="false" .value=${keyId}
          @input=${(/** @type {Event} */ e) => (keyId = valueOf(e))} />
      </label>
      <label class="field">
        <span>Secret access key</span>
        <input type="password" required autocomplete="off" .value=${secret}
          @input=${(/** @type {Event} */ e) => (secret = valueOf(e))} />
        <small>Kept encrypted, and never shown again.</small>
      </label>`;
  }

  /** @param {Provider} provider */
  function settingsView(provider) {
    const fields = SETTINGS[provider.kind] ?? [];
    const inputs = html`${fields.map(
      ([field, label, says]) => html`<label class="field">
        <span>${label}</span>
        <input
          type="text"
          spellcheck="false"
          ?required=${field === 'path'}
          .value=${settings[field] ?? ''}
          @input=${(/** @type {Event} */ e) => (settings[field] = valueOf(e))}
        />
        <small>${says}</small>
      </label>`,
    )}
    ${provider.kind === 'drive' ? documentsView() : nothing}`;
    if (provider.connects !== 'oauth' || !fields.length) return inputs;
    return html`<details>
      <summary>More choices</summary>
      <div class="stack">${inputs}</div>
    </details>`;
  }

  function documentsView() {
    return html`<label class="field">
      <span>Google’s own documents</span>
      <select @change=${(/** @type {Event} */ e) => (settings.documents = valueOf(e))}>
        <option value="">arrive elsewhere as Office files, to read</option>
        <option value="link">arrive as links</option>
        <option value="skip">are left out</option>
      </select>
    </label>`;
  }

  return {
    title: 'Connect an account',
    view: () =>
      settled(providers, (data) => {
        const provider = data.items.find((each) => each.kind === kind && each.ready);
        return provider
          ? html`${head(`Connect ${provider.title}`, { back: ['#/connect', 'Connect'] })}${form(provider)}`
          : html`${head('Connect an account', { back: ['#/accounts', 'Accounts'] })}${choice(data)}`;
      }),
  };
}

const HOW = {
  oauth: 'You sign in there.',
  keys: 'By an access key.',
  path: 'A folder of the machine this runs on.',
};

/** Sign in anew as the same person. @param {Account} account */
export async function reconnect(account) {
  await leave({
    kind: /** @type {NewConnection['kind']} */ (account.kind),
    name: account.name,
    settings: account.settings ?? null,
  });
}

/** Begin a sign-in, and go where it is done. @param {NewConnection} body */
async function leave(body) {
  /** @type {Connection} */
  const { url } = await ask('POST', '/connections', { body });
  const target = new URL(url);
  if (!['https:', 'http:'].includes(target.protocol)) throw new Error('no web address');
  location.assign(target);
}
