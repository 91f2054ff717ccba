/** Dialogs: one at a time, above everything, closed by Escape. */
import { html, nothing } from '../lib/html.js';
import { icon } from './icons.js';
import { problemBox } from './states.js';
import { Act } from '../lib/acts.js';

/** @import { Content } from '../lib/html.js' */

export const dialogs = {
  /** @type {(() => Content) | null} */
  view: null,
  title: '',
  wide: false,
  changed: () => {},
};

/** Where the focus was, to go back to. @type {HTMLElement | null} */
let before = null;

/**
 * @param {string} title
 * @param {() => Content} view
 * @param {{wide?: boolean}} [how]
 */
export function openDialog(title, view, { wide = false } = {}) {
  before = /** @type {HTMLElement | null} */ (document.activeElement);
  Object.assign(dialogs, { title, view, wide });
  dialogs.changed();
}

export function closeDialog() {
  if (!dialogs.view) return;
  dialogs.view = null;
  dialogs.changed();
  const back = before;
  before = null;
  setTimeout(() => back?.isConnected && back.focus());
}

export function dialogView() {
  if (!dialogs.view) return nothing;
  return html`<dialog
    class="dialog ${dialogs.wide ? 'wide' : ''}"
    aria-labelledby="dialog-title"
    data-modal
    @close=${closeDialog}
    @click=${(/** @type {MouseEvent} */ event) => {
      if (event.target === event.currentTarget) closeDialog();
    }}
  >
    <div class="dialog-body">
      <header class="dialog-head">
        <h2 id="dialog-title">${dialogs.title}</h2>
        <button class="button plain square" aria-label="Close" @click=${closeDialog}>
          ${icon('close')}
        </button>
      </header>
      ${dialogs.view()}
    </div>
  </dialog>`;
}

/** After each render: what is to be a dialog becomes one. */
export function settleDialogs() {
  for (const each of document.querySelectorAll('dialog[data-modal]:not([open])')) {
    /** @type {HTMLDialogElement} */ (each).showModal();
  }
}

/**
 * Ask before something is done that cannot be undone.
 * @param {{title: string, text: Content, yes: string, run: () => Promise<unknown>, danger?: boolean}} what
 */
export function confirm({ title, text, yes, run, danger = true }) {
  const act = new Act(() => dialogs.changed());
  async function go() {
    const done = await act.run(yes, async () => (await run(), true), { quiet: true });
    if (done) closeDialog();
  }
  openDialog(
    title,
    () => html`<div class="stack">${text}</div>
      ${act.problem ? problemBox(act.problem) : nothing}
      <div class="actions end">
        <button class="button" @click=${closeDialog}>Cancel</button>
        <button class="button ${danger ? 'danger' : 'primary'}" ?disabled=${act.busy} @click=${go}>
          ${act.busy ? 'One moment…' : yes}
        </button>
      </div>`,
  );
}
