/** Which page is at which address. A page's module is fetched when it is first wanted. */

import { Problem } from '../lib/api.js';

/** @import { Content } from '../lib/html.js' */
/** @import { Place } from '../lib/router.js' */
/** @import { Scope } from '../lib/resource.js' */
/** @import { Session } from '../shapes.js' */

/**
 * @typedef {object} Context what a page works with
 * @property {Scope} scope what it asks for; ends with it
 * @property {Place} place
 * @property {Session} session
 * @property {() => void} refresh renders again
 * @property {() => Promise<void>} logOut
 */

/** @typedef {{title: string, view: () => Content}} Page */

/** @typedef {(context: Context, ...names: string[]) => Page} Make */

/** @type {Record<string, () => Promise<Make>>} */
const MODULES = {
  accounts: async () => (await import('./accounts.js')).accounts,
  activity: async () => (await import('./activity.js')).activity,
  apps: async () => (await import('./apps.js')).apps,
  conflict: async () => (await import('./conflict.js')).conflict,
  conflicts: async () => (await import('./conflicts.js')).conflicts,
  connect: async () => (await import('./connect.js')).connect,
  device: async () => (await import('./device.js')).device,
  files: async () => (await import('./files.js')).files,
  folder: async () => (await import('./folder.js')).folder,
  home: async () => (await import('./home.js')).home,
  lost: async () => (await import('./lost.js')).lost,
  newsync: async () => (await import('./newsync.js')).newSync,
  plan: async () => (await import('./plan.js')).plan,
  run: async () => (await import('./run.js')).run,
  settings: async () => (await import('./settings.js')).settings,
  statistics: async () => (await import('./statistics.js')).statistics,
  sync: async () => (await import('./sync.js')).sync,
};

/**
 * Addresses, and what is there: `:name` is any segment, handed over in order.
 * @type {[string, keyof MODULES][]}
 */
const PAGES = [
  ['', 'home'],
  ['syncs', 'home'],
  ['new', 'newsync'],
  ['syncs/:name', 'sync'],
  ['syncs/:name/runs/:run', 'run'],
  ['syncs/:name/plan/:plan', 'plan'],
  ['syncs/:name/:tab', 'sync'],
  ['accounts', 'accounts'],
  ['connect', 'connect'],
  ['connect/:kind', 'connect'],
  ['apps', 'apps'],
  ['accounts/:name', 'accounts'],
  ['activity', 'activity'],
  ['conflicts', 'conflicts'],
  ['conflicts/:sync/:id', 'conflict'],
  ['files', 'files'],
  ['files/in/:sync/:endpoint', 'folder'],
  ['statistics', 'statistics'],
  ['settings', 'settings'],
  ['device', 'device'],
];

/**
 * Return what makes the page at a place.
 * @param {import('../lib/router.js').Place} place
 * @returns {Promise<(context: Context) => Page>}
 */
export async function pageAt({ parts }) {
  for (const [pattern, name] of PAGES) {
    const segments = pattern.split('/').filter(Boolean);
    if (segments.length !== parts.length) continue;
    if (!segments.every((each, index) => each.startsWith(':') || each === parts[index])) continue;
    const make = await fetched(name);
    const names = parts.filter((_, index) => segments[index].startsWith(':'));
    return (context) => make(context, ...names);
  }
  return fetched('lost');
}

/** @param {string} name */
async function fetched(name) {
  try {
    return await MODULES[name]();
  } catch {
    throw new Problem({
      code: 'not-loaded',
      detail: 'this page could not be loaded',
      mend: 'the deployment cannot be reached, or is busy; try again in some seconds',
    });
  }
}

/** Fetch what was not wanted yet, one after the other, so that it is there when it is. */
export async function fetchRest() {
  for (const module of Object.values(MODULES)) await module();
}
