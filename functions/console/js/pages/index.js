/** Which page is at which address. */
import { accounts } from './accounts.js';
import { activity } from './activity.js';
import { apps } from './apps.js';
import { conflict } from './conflict.js';
import { conflicts } from './conflicts.js';
import { connect } from './connect.js';
import { device } from './device.js';
import { files } from './files.js';
import { folder } from './folder.js';
import { home } from './home.js';
import { lost } from './lost.js';
import { newSync } from './newsync.js';
import { plan } from './plan.js';
import { run } from './run.js';
import { settings } from './settings.js';
import { statistics } from './statistics.js';
import { sync } from './sync.js';

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

/**
 * Addresses, and what is there: `:name` is any segment, handed over in order.
 * @type {[string, (context: Context, ...names: string[]) => Page][]}
 */
const PAGES = [
  ['', home],
  ['syncs', home],
  ['new', newSync],
  ['syncs/:name', sync],
  ['syncs/:name/runs/:run', run],
  ['syncs/:name/plan/:plan', plan],
  ['syncs/:name/:tab', sync],
  ['accounts', accounts],
  ['connect', connect],
  ['connect/:kind', connect],
  ['apps', apps],
  ['accounts/:name', accounts],
  ['activity', activity],
  ['conflicts', conflicts],
  ['conflicts/:sync/:id', conflict],
  ['files', files],
  ['files/in/:sync/:endpoint', folder],
  ['statistics', statistics],
  ['settings', settings],
  ['device', device],
];

/** @param {Context} context @returns {Page} */
export function pageFor(context) {
  const { parts } = context.place;
  for (const [pattern, page] of PAGES) {
    const segments = pattern.split('/').filter(Boolean);
    if (segments.length !== parts.length) continue;
    if (!segments.every((each, index) => each.startsWith(':') || each === parts[index])) continue;
    return page(context, ...parts.filter((_, index) => segments[index].startsWith(':')));
  }
  return lost(context);
}
