/** What the server says at an address, kept up to date for as long as a page shows it. */
import { exchange, problemOf } from './api.js';

/** @import { Problem } from './api.js' */

/** @type {Set<Resource<any> | Listing<any>>} */
export const shown = new Set();

/** What was said last, so that a page that is opened again is there at once. No more than this. */
const KEPT = 60;
/** @type {Map<string, any>} */
const memory = new Map();

/** @param {string} path @param {any} data */
function remember(path, data) {
  memory.delete(path);
  memory.set(path, data);
  if (memory.size > KEPT) memory.delete(memory.keys().next().value ?? '');
}

/** Forget everything, for another person may log in. */
export function forget() {
  memory.clear();
}

/** What both kinds have: one request at a time, and one more if it was wanted meanwhile. */
class Loading {
  /**
   * @param {string} path
   * @param {string[]} topics the hints that concern it, as `sync` or `sync:photos`
   * @param {() => void} changed
   */
  constructor(path, topics, changed) {
    this.path = path;
    this.topics = topics;
    this.changed = changed;
    /** @type {Problem | null} */
    this.problem = null;
    this.busy = false;
    this.again = false;
    this.closed = false;
  }

  /** Ask now. What is shown stays until there is an answer. */
  async load() {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    do {
      this.again = false;
      try {
        await this.fetch();
        this.problem = null;
      } catch (error) {
        this.problem = problemOf(error);
      }
    } while (this.again && !this.closed);
    this.busy = false;
    if (!this.closed) this.changed();
  }

  /** @returns {Promise<void>} */
  async fetch() {
    throw new Error('a kind of resource says how it is asked for');
  }

  /** @param {string} type @param {string} name */
  concerns(type, name) {
    return this.topics.includes(type) || this.topics.includes(`${type}:${name}`);
  }
}

/**
 * One thing.
 * @template T
 */
export class Resource extends Loading {
  /** @param {string} path @param {string[]} topics @param {() => void} changed */
  constructor(path, topics, changed) {
    super(path, topics, changed);
    /** @type {T | null} */
    this.data = memory.get(path) ?? null;
    this.etag = '';
  }

  async fetch() {
    const { data, etag } = await exchange('GET', this.path);
    this.set(data, etag);
  }

  /**
   * Take an answer to a change for what is there now.
   * @param {T} data
   * @param {string} [etag]
   */
  set(data, etag = '') {
    this.data = data;
    this.etag = etag;
    remember(this.path, data);
    this.changed();
  }
}

/**
 * A list that comes in pages.
 * @template T
 */
export class Listing extends Loading {
  /** @param {string} path @param {string[]} topics @param {() => void} changed */
  constructor(path, topics, changed) {
    super(path, topics, changed);
    const known = memory.get(path);
    /** @type {T[] | null} null until there was an answer */
    this.items = known?.items ?? null;
    /** @type {any} the last page, for what it says beside its items */
    this.page = known ?? null;
    /** @type {string | null} */
    this.next = known?.next ?? null;
    this.pages = 1;
    this.adding = false;
  }

  /** Ask for as many pages as are shown. */
  async fetch() {
    /** @type {T[]} */
    const items = [];
    let cursor = '';
    let pages = 0;
    /** @type {any} */
    let page;
    do {
      ({ data: page } = await exchange('GET', this.at(cursor)));
      items.push(...page.items);
      if (!cursor) remember(this.path, page);
      cursor = page.next ?? '';
      pages += 1;
    } while (cursor && pages < this.pages && !this.closed);
    this.items = items;
    this.page = page;
    this.next = page.next ?? null;
  }

  /** Ask for the page after those that are shown. */
  async more() {
    if (!this.next || this.adding) return;
    const cursor = this.next;
    this.adding = true;
    this.changed();
    try {
      const { data: page } = await exchange('GET', this.at(cursor));
      if (this.next === cursor) {
        this.items = [...(this.items ?? []), ...page.items];
        this.next = page.next ?? null;
        this.pages += 1;
      }
      this.problem = null;
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.adding = false;
    this.changed();
  }

  /** @param {string} cursor */
  at(cursor) {
    if (!cursor) return this.path;
    return `${this.path}${this.path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`;
  }
}

/** What one page shows: it is asked for when it is first named, and let go with the page. */
export class Scope {
  /** @param {() => void} refresh */
  constructor(refresh) {
    this.refresh = refresh;
    /** @type {Map<string, Resource<any> | Listing<any>>} */
    this.open = new Map();
    /** @type {(() => void)[]} */
    this.last = [];
    this.closed = false;
  }

  /**
   * @template T
   * @param {string} path
   * @param {...string} topics
   * @returns {Resource<T>}
   */
  one(path, ...topics) {
    return /** @type {Resource<T>} */ (this.need(Resource, path, topics));
  }

  /**
   * @template T
   * @param {string} path
   * @param {...string} topics
   * @returns {Listing<T>}
   */
  list(path, ...topics) {
    return /** @type {Listing<T>} */ (this.need(Listing, path, topics));
  }

  /**
   * @param {typeof Resource<any> | typeof Listing<any>} kind
   * @param {string} path
   * @param {string[]} topics
   */
  need(kind, path, topics) {
    const known = this.open.get(path);
    if (known) return known;
    const made = new kind(path, topics, () => this.refresh());
    this.open.set(path, made);
    shown.add(made);
    void made.load();
    return made;
  }

  /** Let go of what is not shown any more. @param {string} path */
  drop(path) {
    const known = this.open.get(path);
    if (!known) return;
    known.closed = true;
    shown.delete(known);
    this.open.delete(path);
  }

  /** @param {() => void} action */
  atEnd(action) {
    this.last.push(action);
  }

  close() {
    this.closed = true;
    for (const path of [...this.open.keys()]) this.drop(path);
    for (const action of this.last) action();
  }
}
