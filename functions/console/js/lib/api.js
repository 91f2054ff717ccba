/** Requests to the API, and problems as RFC 9457 has them. */

/** @import { Problem as ProblemShape } from '../shapes.js' */

const BASE = '/api/v1';

/** What went wrong, in words for people: `message`, and in `mend` what to do about it. */
export class Problem extends Error {
  /** @param {Partial<ProblemShape>} told */
  constructor(told) {
    super(sentence(told.detail || told.title || 'Something went wrong.'));
    this.status = told.status ?? 0;
    this.code = told.code ?? 'failed';
    this.mend = told.mend ? sentence(told.mend) : '';
    /** @type {Record<string, string>} */
    this.fields = told.fields ?? {};
  }

  /** Whether the deployment could not be asked at all. */
  get offline() {
    return this.code === 'offline';
  }
}

/**
 * Return any error as a problem.
 * @param {unknown} error
 */
export function problemOf(error) {
  if (error instanceof Problem) return error;
  console.error(error);
  return new Problem({
    code: 'console',
    detail: 'the console itself failed',
    mend: 'load the page again; if it stays so, report what the browser’s console says',
  });
}

/** Whoever wants to know that nobody is logged in any more, or that an answer came or did not. */
export const heard = {
  /** @type {() => void} */
  loggedOut() {},
  /** @type {(answered: boolean) => void} */
  reached() {},
};

/**
 * @typedef {object} Options
 * @property {unknown} [body] sent as JSON
 * @property {string} [once] an idempotency key: what is created twice under it is created once
 * @property {string} [etag] the version that was seen, for changes
 * @property {AbortSignal} [signal]
 */

/**
 * Ask, and return what is answered with its ETag. Throws a Problem for everything else.
 * @param {string} method
 * @param {string} path below /api/v1, with its query
 * @param {Options} [options]
 * @returns {Promise<{data: any, etag: string}>}
 */
export async function exchange(method, path, { body, once, etag, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { 'X-SyncOxiders': 'console', Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (once) headers['Idempotency-Key'] = once;
  if (etag) headers['If-Match'] = etag;
  const response = await sent(BASE + path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: 'same-origin',
    signal,
  });
  if (!response.ok) throw await refusal(response);
  const text = await response.text();
  return { data: text ? JSON.parse(text) : null, etag: response.headers.get('ETag') ?? '' };
}

/**
 * Ask, and return what is answered. Throws a Problem for everything else.
 * @param {string} method
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export async function ask(method, path, options) {
  return (await exchange(method, path, options)).data;
}

/**
 * Return the text at an address. Throws a Problem.
 * @param {string} path
 */
export async function textOf(path) {
  const response = await sent(BASE + path, { credentials: 'same-origin' });
  if (!response.ok) throw await refusal(response);
  return await response.text();
}

/**
 * Return where the bytes of something are, for the `src` of an image.
 * @param {string} path
 */
export function address(path) {
  return BASE + path;
}

/**
 * Put values into a path: each is escaped.
 * @param {TemplateStringsArray} parts
 * @param {...(string | number)} values
 */
export function path(parts, ...values) {
  return String.raw({ raw: parts }, ...values.map((value) => encodeURIComponent(value)));
}

/**
 * Return a query string of what is not empty, with its question mark.
 * @param {Record<string, string | number | null | undefined>} values
 */
export function query(values) {
  const filled = Object.entries(values).filter(([, value]) => value != null && value !== '');
  const text = new URLSearchParams(filled.map(([name, value]) => [name, String(value)])).toString();
  return text ? `?${text}` : '';
}

/**
 * @param {string} url
 * @param {RequestInit} init
 */
async function sent(url, init) {
  let response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    heard.reached(false);
    throw new Problem({
      code: 'offline',
      detail: 'the deployment cannot be reached',
      mend: 'nothing is lost by that; it is asked again by itself',
    });
  }
  heard.reached(true);
  return response;
}

/** @param {Response} response */
async function refusal(response) {
  if (response.status === 401) heard.loggedOut();
  /** @type {Partial<ProblemShape>} */
  let told = {};
  if (response.headers.get('Content-Type')?.includes('json')) {
    told = await response.json().catch(() => ({}));
  }
  return new Problem({
    status: response.status,
    ...told,
    detail: told.detail || `the answer was ${response.status}, without a reason`,
  });
}

/** @param {string} text */
function sentence(text) {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}
