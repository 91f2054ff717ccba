/** What a person does: one thing at a time, its outcome said, its problem shown. */
import { problemOf } from './api.js';

/** @import { Problem } from './api.js' */

/**
 * @typedef {object} Notice
 * @property {number} id
 * @property {string} text
 * @property {'good' | 'bad'} tone
 * @property {string} [mend]
 * @property {{label: string, run: () => unknown}} [undo]
 */

export const notices = {
  /** @type {Notice[]} */
  list: [],
  changed: () => {},
};

let last = 0;

/**
 * @param {string} text
 * @param {Partial<Notice>} [more]
 */
export function say(text, more = {}) {
  const notice = { id: (last += 1), text, tone: /** @type {const} */ ('good'), ...more };
  notices.list = [...notices.list.slice(-2), notice];
  notices.changed();
  // What asks for something stays until it is answered.
  if (notice.tone === 'good') setTimeout(() => dismiss(notice.id), notice.undo ? 10_000 : 5_000);
}

/** @param {number} id */
export function dismiss(id) {
  notices.list = notices.list.filter((each) => each.id !== id);
  notices.changed();
}

/** @param {unknown} error */
export function complain(error) {
  const problem = problemOf(error);
  say(problem.message, { tone: 'bad', mend: problem.mend });
  return problem;
}

/** One button's work: `busy` while it is done, so that it is not done twice; `problem` after it. */
export class Act {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    /** What is being done, ``''`` if nothing is. */
    this.doing = '';
    /** @type {Problem | null} */
    this.problem = null;
  }

  get busy() {
    return this.doing !== '';
  }

  /**
   * @template T
   * @param {string} doing
   * @param {() => Promise<T>} work
   * @param {{quiet?: boolean}} [how] quiet: the page shows the problem itself
   * @returns {Promise<T | undefined>} undefined if it did not work
   */
  async run(doing, work, { quiet = false } = {}) {
    if (this.busy) return undefined;
    this.doing = doing;
    this.problem = null;
    this.changed();
    try {
      return await work();
    } catch (error) {
      this.problem = quiet ? problemOf(error) : complain(error);
      return undefined;
    } finally {
      this.doing = '';
      this.changed();
    }
  }
}

/** A word under which what is created twice is created once. */
export function newKey() {
  return crypto.randomUUID();
}
