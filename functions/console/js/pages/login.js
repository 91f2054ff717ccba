/** Nobody is logged in. */
import { html, nothing } from '../lib/html.js';
import { box } from '../parts/states.js';

/** @import { Deployment } from '../shapes.js' */

/**
 * @param {Deployment} deployment
 * @param {boolean} ended whether somebody was logged in just now
 */
export function login(deployment, ended) {
  const next = `/${location.hash}`;
  const problem = new URLSearchParams(location.hash.split('?')[1] ?? '').get('login-problem');
  return html`<section class="login">
    <img src="icon.svg" alt="" width="48" height="48" />
    <h1>SyncOxiders</h1>
    <p class="lead">Keeps folders and clouds in step, and loses nothing.</p>
    ${ended ? box('info', 'Your session has ended. Log in again to go on where you were.') : nothing}
    ${problem ? box('bad', LOGIN_PROBLEMS[problem] ?? 'That did not work. Try again.') : nothing}
    ${deployment.login === 'oidc'
      ? html`<a class="button primary large" href=${`/auth/login?next=${encodeURIComponent(next)}`}>
            Log in
          </a>
          <p class="note">People are let in by invitation: ask who runs this deployment for one.</p>`
      : html`<div class="card padded login-once">
          <h2>Open the link that was shown when deploying</h2>
          <p>
            It works once, for an hour. <code>syncoxiders cloud login-link</code> makes a new one, on
            the machine that this was deployed from.
          </p>
        </div>`}
    <p class="note">Version ${deployment.version}</p>
  </section>`;
}

/** @type {Record<string, string>} */
const LOGIN_PROBLEMS = {
  'not-invited': 'Nobody has invited that address. Ask who runs this deployment for an invitation.',
  refused: 'Your provider’s answer could not be accepted. Log in again.',
  unreachable: 'Your provider cannot be reached. Try again in some minutes.',
  'not-verified': 'Your provider has not verified your address. Verify it there, then log in again.',
  'wrong-state': 'That login was not begun in this browser, or was used already. Log in again.',
  expired: 'That login took too long. Log in again.',
  denied: 'Your provider did not let you in. Nothing was changed.',
};
