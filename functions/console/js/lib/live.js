/**
 * Keeps what is shown up to date. The server says over a WebSocket what is new; what is said is a
 * hint, so that a lost one costs time only: everything is asked for by itself, too.
 */
import { ask } from './api.js';
import { shown } from './resource.js';

const CONNECTED = 30_000;
const ALONE = 3_000;
const LONGEST = 60_000;
/** Hints come in bursts. */
const PAUSE = 250;

/** @typedef {'off' | 'connecting' | 'live' | 'polling' | 'offline'} State */

export const live = {
  /** @type {State} */
  state: 'off',
  changed: () => {},
};

/** @type {WebSocket | null} */
let socket = null;
let wanted = false;
let tries = 0;
let reached = true;
let polled = 0;
/** @type {Set<{load(): Promise<void>}>} */
const stale = new Set();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let soon;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retry;

/** Begin, once somebody is logged in. */
export function start() {
  if (wanted) return;
  wanted = true;
  void connect();
}

/** End, with the login. */
export function stop() {
  wanted = false;
  clearTimeout(retry);
  socket?.close();
  socket = null;
  set('off');
}

/** Take notice of whether the last request was answered. @param {boolean} answered */
export function noticed(answered) {
  if (reached === answered) return;
  reached = answered;
  if (!wanted) return;
  set(!answered ? 'offline' : socket?.readyState === WebSocket.OPEN ? 'live' : 'polling');
}

/** @param {State} state */
function set(state) {
  if (live.state === state) return;
  live.state = state;
  live.changed();
}

async function connect() {
  if (!wanted) return;
  if (live.state === 'off') set('connecting');
  try {
    const ticket = await ask('POST', '/live');
    if (!wanted) return;
    open(ticket.url);
  } catch {
    later();
  }
}

/** @param {string} url */
function open(url) {
  const opened = new WebSocket(url);
  socket = opened;
  opened.addEventListener('open', () => {
    tries = 0;
    set('live');
    renew(() => true);
  });
  opened.addEventListener('message', (event) => {
    try {
      const { type, name = '' } = JSON.parse(event.data);
      renew((each) => each.concerns(type, name));
    } catch {
      renew(() => true);
    }
  });
  opened.addEventListener('close', () => {
    if (socket === opened) socket = null;
    later();
  });
}

function later() {
  if (!wanted) return;
  set(reached ? 'polling' : 'offline');
  clearTimeout(retry);
  retry = setTimeout(connect, Math.min(1_000 * 2 ** tries, LONGEST));
  tries += 1;
}

/** @param {(each: import('./resource.js').Resource<any> | import('./resource.js').Listing<any>) => boolean} which */
function renew(which) {
  for (const each of shown) if (which(each)) stale.add(each);
  soon ??= setTimeout(() => {
    soon = undefined;
    const now = [...stale];
    stale.clear();
    for (const each of now) void each.load();
  }, PAUSE);
}

setInterval(() => {
  if (!wanted || document.hidden) return;
  const every = live.state === 'live' ? CONNECTED : ALONE;
  if (Date.now() - polled < every) return;
  polled = Date.now();
  renew((each) => each.topics.length > 0);
}, 1_000);

addEventListener('online', () => {
  tries = 0;
  clearTimeout(retry);
  if (wanted && !socket) void connect();
});
document.addEventListener('visibilitychange', () => {
  if (wanted && !document.hidden) renew((each) => each.topics.length > 0);
});
