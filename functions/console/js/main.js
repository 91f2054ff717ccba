/** Begins, and renders again whenever something is new: pages are functions of what is known. */
import { ask, heard, problemOf } from './lib/api.js';
import { notices } from './lib/acts.js';
import { html, render } from './lib/html.js';
import * as live from './lib/live.js';
import { forget, Scope } from './lib/resource.js';
import { here } from './lib/router.js';
import { dialogs, settleDialogs, closeDialog } from './parts/dialog.js';
import { bareFrame, frame, head } from './parts/frame.js';
import { problemBox, skeleton } from './parts/states.js';
import { login } from './pages/login.js';
import { fetchRest, pageAt } from './pages/index.js';

/** @import { Deployment, Session, Syncs } from './shapes.js' */
/** @import { Page } from './pages/index.js' */

const RETRY = 3_000;

/** @type {{session: Session | null, deployment: Deployment | null, ended: boolean, problem: import('./lib/api.js').Problem | null}} */
const known = { session: null, deployment: null, ended: false, problem: null };

/** @type {Page | null} */
let page = null;
let scope = new Scope(refresh);
/** What is shown on every page. @type {Scope | null} */
let everywhere = null;
let waiting = false;
let openedAt = '';

/** Render soon; many changes at once are one rendering. */
function refresh() {
  if (waiting) return;
  waiting = true;
  queueMicrotask(() => {
    waiting = false;
    render(whole(), document.body);
    settleDialogs();
  });
}

function whole() {
  if (known.problem) {
    return bareFrame(problemBox(known.problem, begin));
  }
  if (!known.session) {
    if (!known.deployment) return bareFrame(skeleton(2, 'card'));
    return bareFrame(login(known.deployment, known.ended));
  }
  const syncs = everywhere?.one('/syncs', 'sync', 'conflict');
  const all = /** @type {Syncs | null | undefined} */ (syncs?.data);
  const conflicts = (all?.items ?? []).reduce((sum, each) => sum + each.conflicts, 0);
  return frame({
    user: known.session.user,
    part: here().parts[0] ?? '',
    conflicts,
    page: shownPage(),
  });
}

function shownPage() {
  try {
    return page?.view() ?? skeleton(3);
  } catch (error) {
    return failed(problemOf(error));
  }
}

/** Go where the address says. */
async function arrive() {
  if (!known.session) {
    refresh();
    return;
  }
  const place = here();
  const first = openedAt === '';
  openedAt = place.hash;
  scope.close();
  closeDialog();
  const mine = new Scope(refresh);
  scope = mine;
  page = null;
  try {
    const make = await pageAt(place);
    // Somebody may have gone elsewhere, or have been logged out, while it was fetched.
    if (scope !== mine || !known.session) return;
    page = make({ scope, place, session: known.session, refresh, logOut });
  } catch (error) {
    const problem = problemOf(error);
    page = { title: 'This page failed', view: () => failed(problem) };
  }
  refresh();
  queueMicrotask(() => queueMicrotask(() => settle(first)));
  if (first) requestIdle(() => void fetchRest().catch(() => undefined));
}

/** @param {() => void} action */
function requestIdle(action) {
  if ('requestIdleCallback' in window) requestIdleCallback(action);
  else setTimeout(action, 2_000);
}

/** @param {import('./lib/api.js').Problem} problem */
function failed(problem) {
  return html`${head('This page failed')} ${problemBox(problem, () => location.reload())}`;
}

/** As a browser does it for a new page: at its top, and its name read out. @param {boolean} first */
function settle(first) {
  const title = page?.title ?? '';
  document.title = title ? `${title} · SyncOxiders` : 'SyncOxiders';
  scrollTo(0, 0);
  if (!first) /** @type {HTMLElement | null} */ (document.querySelector('main h1'))?.focus();
}

async function begin() {
  if (known.session) return;
  try {
    known.session = await ask('GET', '/session');
    known.problem = null;
  } catch (error) {
    const problem = problemOf(error);
    if (problem.status !== 401) {
      notYet(problem);
      return;
    }
    await askHowToLogIn();
    return;
  }
  everywhere = new Scope(refresh);
  live.start();
  await arrive();
}

async function askHowToLogIn() {
  try {
    known.deployment = await ask('GET', '/deployment');
    known.problem = null;
    document.title = 'Log in · SyncOxiders';
    refresh();
  } catch (error) {
    notYet(problemOf(error));
  }
}

/** Say why nothing can be begun, and try again. @param {import('./lib/api.js').Problem} problem */
function notYet(problem) {
  known.problem = problem;
  refresh();
  setTimeout(begin, RETRY);
}

/** The session is over: nothing of it stays on the screen or in memory. */
function loggedOut() {
  if (!known.session) return;
  known.session = null;
  known.ended = true;
  page = null;
  scope.close();
  everywhere?.close();
  closeDialog();
  live.stop();
  forget();
  void askHowToLogIn();
}

/** End the session, and say so. */
async function logOut() {
  // It is no part of the API proper: a page of the deployment's own.
  await fetch('/auth/logout', { method: 'POST', headers: { 'X-SyncOxiders': 'console' } });
  forget();
  location.hash = '';
  location.reload();
}

heard.loggedOut = loggedOut;
heard.reached = live.noticed;
live.live.changed = refresh;
notices.changed = refresh;
dialogs.changed = refresh;
addEventListener('hashchange', () => {
  if (location.hash !== openedAt) void arrive();
});
sessionStorage.removeItem('loads');
refresh();
void begin();
