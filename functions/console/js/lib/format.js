/** Figures and times as people read them. */
import { html } from './html.js';

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
const number = new Intl.NumberFormat('en');
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'long' });
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
const clock = new Intl.DateTimeFormat('en', { timeStyle: 'short' });
const dayOnly = new Intl.DateTimeFormat('en', { weekday: 'long', day: 'numeric', month: 'long' });
const shortDay = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** @param {number} value */
export function count(value) {
  return number.format(value);
}

/**
 * @param {number} value
 * @param {string} one
 * @param {string} [many]
 */
export function plural(value, one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** @param {number | null | undefined} value */
export function bytes(value) {
  if (value == null) return '–';
  if (value === 1) return '1 byte';
  let left = value;
  let unit = 0;
  while (left >= 999.5 && unit < UNITS.length - 1) {
    left /= 1000;
    unit += 1;
  }
  const text = unit === 0 || left >= 99.5 ? left.toFixed(0) : left.toFixed(1).replace(/\.0$/, '');
  return `${text} ${UNITS[unit]}`;
}

/**
 * Read `10 MB`; null for nothing, undefined for what is no size.
 * @param {string} text
 */
export function sizeOf(text) {
  if (!text.trim()) return null;
  const found = /^\s*([\d.]+)\s*([kmgtp]?)(i?)b?(?:ytes)?\s*$/i.exec(text);
  if (!found || Number.isNaN(Number(found[1]))) return undefined;
  const power = ' kmgtp'.indexOf((found[2] || ' ').toLowerCase());
  return Math.round(Number(found[1]) * (found[3] ? 1024 : 1000) ** power);
}

/** @param {string | null | undefined} at */
export function ago(at) {
  if (!at) return 'never';
  const seconds = (new Date(at).getTime() - Date.now()) / 1000;
  const size = Math.abs(seconds);
  if (size < 10) return 'just now';
  if (size < 90) return relative.format(Math.round(seconds), 'second');
  if (size < 90 * 60) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < 36 * 3600) return relative.format(Math.round(seconds / 3600), 'hour');
  if (size < 60 * 86400) return relative.format(Math.round(seconds / 86400), 'day');
  return exact.format(new Date(at));
}

/** @param {string} at */
export function moment(at) {
  return exact.format(new Date(at));
}

/** @param {string} at */
export function hour(at) {
  return clock.format(new Date(at));
}

/**
 * Name the day of a moment, as `Today`.
 * @param {string | null | undefined} at
 */
export function dayOf(at) {
  if (!at) return 'Not yet';
  const when = new Date(at);
  const today = new Date();
  const days = (midnight(today) - midnight(when)) / 86_400_000;
  if (Math.round(days) === 0) return 'Today';
  if (Math.round(days) === 1) return 'Yesterday';
  return dayOnly.format(when);
}

/** Name a date without a time. @param {string} date */
export function dateOf(date) {
  return shortDay.format(new Date(`${date}T00:00:00Z`));
}

/** @param {string | null | undefined} at */
export function time(at) {
  if (!at) return 'never';
  return html`<time datetime=${at} title=${moment(at)}>${ago(at)}</time>`;
}

/**
 * Say how long it took.
 * @param {string} from
 * @param {string} till
 */
export function took(from, till) {
  const seconds = (new Date(till).getTime() - new Date(from).getTime()) / 1000;
  if (seconds < 1) return 'under a second';
  if (seconds < 90) return `${seconds.toFixed(0)} s`;
  if (seconds < 5400) return `${(seconds / 60).toFixed(0)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** A path's last segment, and what is before it. @param {string} path */
export function split(path) {
  const slash = path.lastIndexOf('/');
  return { folder: slash < 0 ? '' : path.slice(0, slash + 1), name: path.slice(slash + 1) };
}

/** @param {Date} when */
function midnight(when) {
  return new Date(when.getFullYear(), when.getMonth(), when.getDate()).getTime();
}
