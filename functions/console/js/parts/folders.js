/** Choosing a folder of an account, by walking through it. */
import { html, nothing } from '../lib/html.js';
import { path as at, query } from '../lib/api.js';
import { Scope } from '../lib/resource.js';
import { closeDialog, dialogs, openDialog } from './dialog.js';
import { icon, mark } from './icons.js';
import { listed } from './states.js';

/** @import { Account, Folder } from '../shapes.js' */

/**
 * @param {Account[]} accounts
 * @param {{account: string, path: string}} chosen
 * @param {(endpoint: {account: string, path: string}) => void} take
 */
export function chooseFolder(accounts, chosen, take) {
  const scope = new Scope(() => dialogs.changed());
  let account = accounts.find((each) => each.name === chosen.account) ?? null;
  let path = account ? chosen.path : '';

  /** @param {string} to */
  function walk(to) {
    path = to;
    dialogs.changed();
    setTimeout(() => /** @type {HTMLElement | null} */ (document.querySelector('.chooser'))?.focus());
  }

  function done() {
    if (!account) return;
    take({ account: account.name, path: path.trim().replace(/^\/+|\/+$/g, '') });
    scope.close();
    closeDialog();
  }

  function accountsView() {
    return html`<ul class="rows chooser" tabindex="-1" aria-label="Accounts">
      ${accounts.map(
        (each) => html`<li>
          <button
            class="row pressable"
            @click=${() => {
              account = each;
              walk('');
            }}
          >
            ${mark(each.kind)}
            <span class="row-main">
              <span class="row-name">${each.name}</span>
              <span class="row-sub">${each.identity || each.title}</span>
            </span>
            ${icon('right')}
          </button>
        </li>`,
      )}
    </ul>`;
  }

  /** @param {Account} of */
  function foldersView(of) {
    const folders = /** @type {import('../lib/resource.js').Listing<Folder>} */ (
      scope.list(at`/accounts/${of.name}/folders` + query({ path }))
    );
    return html`${crumbs(of)}
      <div class="chooser" tabindex="-1">
        ${listed(
          folders,
          (items) => html`<ul class="rows" aria-label="Folders">
            ${items.map(
              (each) => html`<li>
                <button class="row pressable" @click=${() => walk(each.path)}>
                  ${icon('folder')}
                  <span class="row-main">
                    <span class="row-name"><bdi>${each.name}</bdi></span>
                    ${each.taken_by
                      ? html`<span class="row-sub">kept in step by ${each.taken_by}</span>`
                      : nothing}
                  </span>
                  ${icon('right')}
                </button>
              </li>`,
            )}
          </ul>`,
          { none: () => html`<p class="note padded">There are no folders in this one.</p>` },
        )}
      </div>
      <label class="field">
        <span>Folder</span>
        <input
          type="text"
          .value=${path}
          placeholder="everything in the account"
          spellcheck="false"
          @change=${(/** @type {Event} */ event) => walk(/** @type {HTMLInputElement} */ (event.target).value)}
        />
      </label>
      <div class="actions end">
        <button class="button" @click=${closeDialog}>Cancel</button>
        <button class="button primary" @click=${done}>
          ${path ? `Choose “${path.split('/').at(-1)}”` : 'Choose the whole account'}
        </button>
      </div>`;
  }

  /** @param {Account} of */
  function crumbs(of) {
    const parts = path.split('/').filter(Boolean);
    return html`<nav class="crumbs" aria-label="Where you are">
      <ol>
        <li>
          <button
            class="crumb"
            @click=${() => {
              account = null;
              walk('');
            }}
          >
            Accounts
          </button>
        </li>
        <li><button class="crumb" @click=${() => walk('')}>${of.name}</button></li>
        ${parts.map(
          (part, index) => html`<li>
            <button class="crumb" @click=${() => walk(parts.slice(0, index + 1).join('/'))}>
              <bdi>${part}</bdi>
            </button>
          </li>`,
        )}
      </ol>
    </nav>`;
  }

  openDialog('Choose a folder', () => (account ? foldersView(account) : accountsView()));
}
