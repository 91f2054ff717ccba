/** Two texts side by side: what differs is marked, what is equal is folded. */
import { html, nothing } from '../lib/html.js';
import { compare } from '../lib/diff.js';
import { plural } from '../lib/format.js';

/** @import { Piece, Row } from '../lib/diff.js' */

/** So many equal lines are shown around a difference. */
const AROUND = 3;

/** A comparison takes a while; it is made once for two texts. @type {{left: string, right: string, rows: Row[]} | null} */
let last = null;

/**
 * @param {string} left
 * @param {string} right
 */
export function differences(left, right) {
  if (last?.left !== left || last?.right !== right) last = { left, right, rows: compare(left, right) };
  const { rows } = last;
  const changed = rows.filter((row) => row.kind === 'changed').length;
  if (!changed) return html`<p class="note padded">Both say the same.</p>`;
  return html`<section aria-label="Differences">
    <p class="note">${plural(changed, 'line differs', 'lines differ')}</p>
    <div class="diff scroll" tabindex="0" role="region" aria-label="Both texts">
      <table>
        <colgroup><col class="number" /><col /><col class="number" /><col /></colgroup>
        <thead class="hidden">
          <tr>
            <th scope="col">Line</th><th scope="col">Under its name</th>
            <th scope="col">Line</th><th scope="col">Kept beside it</th>
          </tr>
        </thead>
        ${folded(rows).map(({ fold, rows: some }) =>
          fold
            ? html`<tbody class="fold">
                <tr>
                  <td colspan="4">
                    <details>
                      <summary>${plural(some.length, 'equal line')}</summary>
                      <pre>${some.map((row) => textOf(row.left)).join('\n')}</pre>
                    </details>
                  </td>
                </tr>
              </tbody>`
            : html`<tbody>${some.map(line)}</tbody>`,
        )}
      </table>
    </div>
  </section>`;
}

/** @param {Row} row */
function line(row) {
  const { kind, left, right } = row;
  return html`<tr class=${kind}>
    <td class="number ${left ? '' : 'lacking'}">${left ? row.leftNumber : nothing}</td>
    <td class="left ${left ? '' : 'lacking'}">${left ? marked(left, 'del') : nothing}</td>
    <td class="number ${right ? '' : 'lacking'}">${right ? row.rightNumber : nothing}</td>
    <td class="right ${right ? '' : 'lacking'}">${right ? marked(right, 'ins') : nothing}</td>
  </tr>`;
}

/** @param {Piece[]} pieces @param {'del' | 'ins'} how */
function marked(pieces, how) {
  return pieces.map((piece) =>
    !piece.marked
      ? piece.text
      : how === 'del'
        ? html`<del>${piece.text}</del>`
        : html`<ins>${piece.text}</ins>`,
  );
}

/** @param {Row[]} rows */
function folded(rows) {
  /** @type {{fold: boolean, rows: Row[]}[]} */
  const found = [];
  let at = 0;
  while (at < rows.length) {
    let end = at;
    while (end < rows.length && rows[end].kind === rows[at].kind) end += 1;
    const some = rows.slice(at, end);
    const before = at === 0 ? 0 : AROUND;
    const after = end === rows.length ? 0 : AROUND;
    if (some[0].kind === 'same' && some.length > before + after + 2) {
      found.push({ fold: false, rows: some.slice(0, before) });
      found.push({ fold: true, rows: some.slice(before, some.length - after) });
      found.push({ fold: false, rows: some.slice(some.length - after) });
    } else {
      found.push({ fold: false, rows: some });
    }
    at = end;
  }
  return found.filter((each) => each.rows.length > 0);
}

/** @param {Piece[] | null} pieces */
function textOf(pieces) {
  return (pieces ?? []).map((piece) => piece.text).join('');
}
