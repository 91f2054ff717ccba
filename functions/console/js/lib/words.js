/** The words of the API as people read them. */
import { count as number, plural } from './format.js';

/** @import { Rule, Sync, Account, EndpointState, File } from '../shapes.js' */

/** @typedef {'good' | 'busy' | 'warn' | 'bad' | 'calm'} Tone */

/** @type {Record<Rule['mode'], {title: string, says: string}>} */
export const MODES = {
  'two-way': {
    title: 'Both ways',
    says: 'What is new, changed, renamed or deleted on one side becomes so on the others.',
  },
  'one-way': {
    title: 'One way',
    says: 'The others become and stay like the first: what they have beyond it is deleted.',
  },
  copy: {
    title: 'Copy',
    says: 'New and changed files of the first are copied; nothing is ever deleted.',
  },
  move: {
    title: 'Move',
    says: 'As copy, and once every copy is proved equal, the file leaves the first.',
  },
};

/** @type {Record<Sync['state'], {title: string, tone: Tone}>} */
export const STATES = {
  'in-step': { title: 'In step', tone: 'good' },
  working: { title: 'Working', tone: 'busy' },
  waiting: { title: 'Waiting', tone: 'warn' },
  paused: { title: 'Paused', tone: 'calm' },
  stopped: { title: 'Asks you', tone: 'bad' },
};

/** @type {Record<EndpointState['state'], {title: string, tone: Tone}>} */
export const ENDPOINTS = {
  good: { title: 'Good', tone: 'good' },
  looking: { title: 'Being looked at', tone: 'busy' },
  news: { title: 'Has news', tone: 'busy' },
  away: { title: 'Away', tone: 'warn' },
  stopped: { title: 'Stopped', tone: 'bad' },
};

/** @type {Record<Account['health'], {title: string, tone: Tone}>} */
export const HEALTH = {
  good: { title: 'Good', tone: 'good' },
  new: { title: 'New', tone: 'calm' },
  throttled: { title: 'Slowed down', tone: 'warn' },
  deaf: { title: 'Not told of changes', tone: 'warn' },
  broken: { title: 'Needs you', tone: 'bad' },
};

/** What will be done, and what was. @type {Record<string, {will: string, did: string, tone: Tone}>} */
const VERBS = {
  create: { will: 'Copy', did: 'Copied', tone: 'good' },
  update: { will: 'Update', did: 'Updated', tone: 'busy' },
  delete: { will: 'Delete', did: 'Deleted', tone: 'bad' },
  move: { will: 'Move', did: 'Moved', tone: 'busy' },
  'make-folder': { will: 'Make folder', did: 'Made folder', tone: 'good' },
  meta: { will: 'Set time', did: 'Set time', tone: 'calm' },
  probe: { will: 'Compare', did: 'Compared', tone: 'calm' },
  note: { will: 'Note', did: 'Note', tone: 'calm' },
  error: { will: 'Error', did: 'Error', tone: 'bad' },
  conflict: { will: 'Conflict', did: 'Conflict', tone: 'warn' },
  merged: { will: 'Merge', did: 'Merged', tone: 'good' },
  left: { will: 'Leave', did: 'Left for later', tone: 'warn' },
  rescued: { will: 'Rescue', did: 'Rescued', tone: 'warn' },
};

/** @param {string} verb */
export function verbOf(verb) {
  return VERBS[verb] ?? { will: verb, did: verb, tone: /** @type {Tone} */ ('calm') };
}

/** What is counted as a thing, and not as what was done to one. */
const NOUNS = ['note', 'error', 'conflict'];

/** Say how much of one kind a run did, as `3 copied`. @param {string} verb @param {number} count */
export function didSo(verb, count) {
  const word = verbOf(verb).did.toLowerCase();
  return NOUNS.includes(verb) ? plural(count, word) : `${number(count)} ${word}`;
}

/** The verbs that activity can be narrowed to. */
export const EVENT_VERBS = Object.keys(VERBS);

/** @type {Record<string, string>} */
export const OUTCOMES = {
  '': 'Going on',
  done: 'Done',
  partial: 'Done in part',
  stopped: 'Stopped by a guard',
  failed: 'Failed',
  interrupted: 'Interrupted',
};

/** @type {Record<File['type'], string>} */
export const TYPES = {
  folder: 'Folders',
  document: 'Documents',
  image: 'Images',
  video: 'Videos',
  audio: 'Audio',
  archive: 'Archives',
  code: 'Code',
  other: 'Other',
};

/**
 * The choices of who keeps the name in a conflict.
 * @param {{account: string}[]} endpoints
 * @returns {[string, string][]}
 */
export function keeps(endpoints) {
  return [
    ['newer', 'the newer version'],
    ['older', 'the older version'],
    ['bigger', 'the bigger version'],
    ['smaller', 'the smaller version'],
    ...endpoints.map(
      ({ account }, index) =>
        /** @type {[string, string]} */ ([`path${index + 1}`, `what ${account || `folder ${index + 1}`} has`]),
    ),
  ];
}

/**
 * Why a sign-in at a provider led to no account; the words of the address that it leads back to.
 * @param {string} code
 */
export function signInProblem(code) {
  return SIGN_INS[code] ?? {
    title: 'The sign-in did not work.',
    mend: `Connect once more. If it stays so, tell who runs this deployment: “${code}”.`,
  };
}

/** @type {Record<string, {title: string, mend: string}>} */
const SIGN_INS = {
  denied: {
    title: 'Access was not allowed at the provider.',
    mend: 'Nothing was changed. Connect again, and choose to allow it.',
  },
  'wrong-state': {
    title: 'This sign-in was not begun here, or was used already.',
    mend: 'Nothing was changed. Begin again from this page, in this browser.',
  },
  expired: {
    title: 'The sign-in took too long.',
    mend: 'Nothing was changed. Connect again, and finish within ten minutes.',
  },
  refused: {
    title: 'The provider did not accept the sign-in.',
    mend: 'Nothing was changed. Connect again; if it stays so, its app may not be set up right: see Provider apps.',
  },
  'scopes-lacking': {
    title: 'Not all that is needed was allowed.',
    mend: 'Nothing was changed. Connect again, and leave every box ticked: files are read and written.',
  },
  unreachable: {
    title: 'The provider could not be reached.',
    mend: 'Nothing was changed. Connect again in some minutes.',
  },
  unavailable: {
    title: 'The deployment’s tables could not be used.',
    mend: 'Nothing was changed. Connect again in some seconds.',
  },
  'not-logged-in': {
    title: 'You were not logged in here when you came back.',
    mend: 'Nothing was changed. Connect again from this page, in this browser.',
  },
  'another-person': {
    title: 'You signed in as somebody else than before.',
    mend: 'The account stays as it was. Sign in at the provider as the same person, or connect the other one under a new name.',
  },
};
