/** Where in the console we are: `#/syncs/photos?…`. */

/**
 * @typedef {object} Place
 * @property {string[]} parts the path's segments, decoded
 * @property {URLSearchParams} query
 * @property {string} hash as it is in the address
 */

/** @returns {Place} */
export function here() {
  const [before, after = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  return {
    parts: before.split('/').filter(Boolean).map(decoded),
    query: new URLSearchParams(after),
    hash: location.hash || '#/',
  };
}

/** @param {string} hash */
export function go(hash) {
  location.hash = hash;
}

/**
 * Say where we are in other words: no new page, no step for the back button.
 * @param {string} hash
 */
export function rename(hash) {
  history.replaceState(null, '', hash);
}

/**
 * Put values into an address within the console: each is escaped.
 * @param {TemplateStringsArray} parts
 * @param {...(string | number)} values
 */
export function to(parts, ...values) {
  return String.raw({ raw: parts }, ...values.map((value) => encodeURIComponent(value)));
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
