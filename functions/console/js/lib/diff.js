/** Compares two texts: lines first (Myers' shortest edit script), then the words of changed lines. */

/**
 * @typedef {object} Row one line of a comparison, side by side
 * @property {'same' | 'changed'} kind
 * @property {Piece[] | null} left null where there is no such line
 * @property {Piece[] | null} right
 * @property {number} leftNumber
 * @property {number} rightNumber
 */

/** @typedef {{text: string, marked: boolean}} Piece */

/** Beyond so many differing lines the rest is shown as replaced: nobody would read it. */
const LIMIT = 1500;
const WORDS = 400;

/**
 * @param {string} left
 * @param {string} right
 * @returns {Row[]}
 */
export function compare(left, right) {
  const a = linesOf(left);
  const b = linesOf(right);
  /** @type {Row[]} */
  const rows = [];
  let i = 0;
  let j = 0;
  for (const [x, y] of [...matches(a, b, LIMIT), [a.length, b.length]]) {
    changed(rows, a, i, x, b, j, y);
    if (x < a.length) {
      const same = [{ text: a[x], marked: false }];
      rows.push({ kind: 'same', left: same, right: same, leftNumber: x + 1, rightNumber: y + 1 });
    }
    i = x + 1;
    j = y + 1;
  }
  return rows;
}

/**
 * Put rows for lines i … x of one and j … y of the other, which replace each other.
 * @param {Row[]} rows
 * @param {string[]} a @param {number} i @param {number} x
 * @param {string[]} b @param {number} j @param {number} y
 */
function changed(rows, a, i, x, b, j, y) {
  for (let k = 0; k < Math.max(x - i, y - j); k += 1) {
    const one = i + k < x ? a[i + k] : null;
    const two = j + k < y ? b[j + k] : null;
    const [left, right] = one !== null && two !== null ? words(one, two) : [whole(one), whole(two)];
    rows.push({ kind: 'changed', left, right, leftNumber: i + k + 1, rightNumber: j + k + 1 });
  }
}

/** @param {string | null} line */
function whole(line) {
  return line === null ? null : [{ text: line, marked: false }];
}

/**
 * Mark what differs within two lines; nothing is marked where they have little in common.
 * @param {string} one
 * @param {string} two
 * @returns {[Piece[], Piece[]]}
 */
export function words(one, two) {
  const a = one.match(/\w+|\s+|[^\w\s]/gu) ?? [];
  const b = two.match(/\w+|\s+|[^\w\s]/gu) ?? [];
  if (a.length > WORDS || b.length > WORDS) {
    return [[{ text: one, marked: false }], [{ text: two, marked: false }]];
  }
  const same = matches(a, b, WORDS);
  const kept = same.reduce((sum, [x]) => sum + a[x].trim().length, 0);
  if (kept * 3 < Math.min(one.trim().length, two.trim().length)) {
    return [[{ text: one, marked: false }], [{ text: two, marked: false }]];
  }
  return [
    pieces(a, new Set(same.map(([x]) => x))),
    pieces(b, new Set(same.map(([, y]) => y))),
  ];
}

/** @param {string[]} tokens @param {Set<number>} same */
function pieces(tokens, same) {
  /** @type {Piece[]} */
  const found = [];
  tokens.forEach((text, index) => {
    const marked = !same.has(index);
    const last = found.at(-1);
    if (last && last.marked === marked) last.text += text;
    else found.push({ text, marked });
  });
  return found;
}

/**
 * Return which of a's items are which of b's, in order: what both have at the ends, then Myers.
 * @param {string[]} a
 * @param {string[]} b
 * @param {number} limit
 * @returns {[number, number][]}
 */
export function matches(a, b, limit) {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  ) {
    tail += 1;
  }
  /** @type {[number, number][]} */
  const found = [];
  for (let k = 0; k < head; k += 1) found.push([k, k]);
  const inner = myers(a.slice(head, a.length - tail), b.slice(head, b.length - tail), limit);
  for (const [x, y] of inner) found.push([x + head, y + head]);
  for (let k = tail; k > 0; k -= 1) found.push([a.length - k, b.length - k]);
  return found;
}

/**
 * E. W. Myers, An O(ND) Difference Algorithm and Its Variations, 1986: the greedy one.
 * @param {string[]} a
 * @param {string[]} b
 * @param {number} limit the most differences; nothing matches beyond
 * @returns {[number, number][]}
 */
function myers(a, b, limit) {
  const most = Math.min(a.length + b.length, limit);
  /** @type {Map<number, number>} how far each diagonal has got */
  let far = new Map([[1, 0]]);
  /** @type {Map<number, number>[]} */
  const trace = [];
  for (let d = 0; d <= most; d += 1) {
    trace.push(new Map(far));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (far.get(k - 1) ?? -1) < (far.get(k + 1) ?? -1));
      let x = down ? (far.get(k + 1) ?? 0) : (far.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      far.set(k, x);
      if (x >= a.length && x - k >= b.length) return walked(trace, a.length, b.length);
    }
  }
  return [];
}

/**
 * @param {Map<number, number>[]} trace
 * @param {number} x
 * @param {number} y
 */
function walked(trace, x, y) {
  /** @type {[number, number][]} */
  const found = [];
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const far = trace[d];
    const k = x - y;
    const down = k === -d || (k !== d && (far.get(k - 1) ?? -1) < (far.get(k + 1) ?? -1));
    const before = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (far.get(before) ?? 0);
    const fromY = d === 0 ? 0 : fromX - before;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      found.push([x, y]);
    }
    x = fromX;
    y = fromY;
  }
  return found.reverse();
}

/** @param {string} text */
function linesOf(text) {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/**
 * Return both texts in one: what both have once, what differs one after the other.
 * @param {string} left
 * @param {string} right
 */
export function union(left, right) {
  const rows = compare(left, right);
  /** @type {string[]} */
  const lines = [];
  for (let k = 0; k < rows.length; k += 1) {
    if (rows[k].kind === 'same') {
      lines.push(textOf(rows[k].left));
      continue;
    }
    let end = k;
    while (end < rows.length && rows[end].kind === 'changed') end += 1;
    const block = rows.slice(k, end);
    for (const row of block) if (row.left) lines.push(textOf(row.left));
    for (const row of block) if (row.right) lines.push(textOf(row.right));
    k = end - 1;
  }
  return lines.length ? `${lines.join('\n')}\n` : '';
}

/** @param {Piece[] | null} line */
function textOf(line) {
  return (line ?? []).map((piece) => piece.text).join('');
}
