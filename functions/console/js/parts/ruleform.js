/** The form of a sync's rule, in making one and in changing it. */
import { html, nothing } from '../lib/html.js';
import { bytes, sizeOf } from '../lib/format.js';
import { keeps, MODES } from '../lib/words.js';

/** @import { Rule } from '../shapes.js' */

/** @returns {Rule} what a rule is unless it is chosen otherwise */
export function newRule() {
  return {
    mode: 'two-way',
    keep: 'newer',
    auto_merge: false,
    patterns: null,
    min_size: null,
    max_size: null,
    min_age: '',
    max_age: '',
    max_delete: '50%',
  };
}

/** @type {[string, string][]} */
const EXAMPLES = [
  ['*.tmp', 'files of that ending'],
  ['node_modules/', 'folders of that name'],
  ['/Private/', 'only that one, at the top'],
  ['!keep.tmp', 'but not this one'],
];

export class RuleForm {
  /**
   * @param {Rule} rule
   * @param {() => void} changed
   */
  constructor(rule, changed) {
    this.rule = { ...rule };
    this.changed = changed;
    /** What is not right, by field. @type {Record<string, string>} */
    this.wrong = {};
  }

  get fine() {
    return Object.keys(this.wrong).length === 0;
  }

  /** @param {Partial<Rule>} change */
  set(change) {
    Object.assign(this.rule, change);
    this.changed();
  }

  modeView() {
    return html`<fieldset class="modes">
      <legend>Which changes travel where</legend>
      ${Object.entries(MODES).map(
        ([mode, { title, says }]) => html`<label class="mode">
          <input
            type="radio"
            name="mode"
            .checked=${this.rule.mode === mode}
            @change=${() => this.set({ mode: /** @type {Rule['mode']} */ (mode) })}
          />
          <span class="mode-picture" aria-hidden="true">
            <span class="blob ${mode === 'move' ? 'leaving' : ''}"></span>
            <span class="track">
              ${mode === 'two-way' ? html`<span class="tip start"></span>` : nothing}
              <span class="line"></span><span class="tip end"></span>
            </span>
            <span class="blob ${mode === 'copy' ? 'gaining' : ''}"></span>
          </span>
          <span class="mode-text"><strong>${title}</strong><span>${says}</span></span>
        </label>`,
      )}
    </fieldset>`;
  }

  /** @param {{account: string}[]} endpoints */
  conflictView(endpoints) {
    return html`<fieldset>
      <legend>When both sides changed the same file</legend>
      <label class="field">
        <span>What stays under its name</span>
        <select @change=${(/** @type {Event} */ e) => this.set({ keep: valueOf(e) })}>
          ${keeps(endpoints).map(
            ([value, text]) =>
              html`<option value=${value} ?selected=${this.rule.keep === value}>${text}</option>`,
          )}
        </select>
        <small>The other one is kept beside it, and you decide under Conflicts.</small>
      </label>
      <label class="check">
        <input
          type="checkbox"
          .checked=${this.rule.auto_merge}
          @change=${(/** @type {Event} */ e) => this.set({ auto_merge: checkedOf(e) })}
        />
        <span>Merge two edits of a text where they do not touch each other</span>
      </label>
    </fieldset>`;
  }

  filterView() {
    return html`<fieldset>
      <legend>What is left alone</legend>
      <label class="field">
        <span>Patterns, one a line</span>
        <textarea
          rows="4"
          spellcheck="false"
          class="code"
          placeholder="*.tmp"
          .value=${(this.rule.patterns ?? []).join('\n')}
          @change=${(/** @type {Event} */ e) => this.patterns(valueOf(e))}
        ></textarea>
        <small>As in .gitignore. What is left out is never deleted.</small>
      </label>
      <ul class="examples" aria-label="Examples">
        ${EXAMPLES.map(
          ([pattern, says]) => html`<li>
            <button type="button" class="chip" @click=${() => this.add(pattern)}>
              <code>${pattern}</code> ${says}
            </button>
          </li>`,
        )}
      </ul>
      <div class="fields">
        ${this.size('min_size', 'Smaller than', '1 kB')} ${this.size('max_size', 'Bigger than', '2 GB')}
        ${this.age('min_age', 'Changed less than … ago', '5m')}
        ${this.age('max_age', 'Changed more than … ago', '365d')}
      </div>
    </fieldset>`;
  }

  guardView() {
    return html`<fieldset>
      <legend>When to ask you first</legend>
      <label class="field">
        <span>More than so much would be deleted or overwritten in a day</span>
        <input
          type="text"
          class="short"
          .value=${this.rule.max_delete}
          aria-invalid=${this.wrong.max_delete ? 'true' : nothing}
          @change=${(/** @type {Event} */ e) => this.guard(valueOf(e))}
        />
        <small>${this.wrong.max_delete ?? 'A share, as 50%, or a number of files, as 200.'}</small>
      </label>
    </fieldset>`;
  }

  /** @param {string} text */
  patterns(text) {
    const lines = text.split('\n').map((line) => line.trimEnd());
    const filled = lines.filter(Boolean);
    this.set({ patterns: filled.length ? filled : null });
  }

  /** @param {string} pattern */
  add(pattern) {
    const known = this.rule.patterns ?? [];
    if (!known.includes(pattern)) this.set({ patterns: [...known, pattern] });
  }

  /** @param {string} text */
  guard(text) {
    this.judge('max_delete', /^\d+%?$/.test(text.trim()), 'A share, as 50%, or a number, as 200.');
    this.set({ max_delete: text.trim() });
  }

  /**
   * @param {string} field
   * @param {boolean} right
   * @param {string} otherwise
   */
  judge(field, right, otherwise) {
    if (right) delete this.wrong[field];
    else this.wrong[field] = otherwise;
  }

  /**
   * @param {'min_size' | 'max_size'} field @param {string} title @param {string} example
   */
  size(field, title, example) {
    const known = this.rule[field];
    return this.text(field, title, example, known == null ? '' : bytes(known), (text) => {
      const size = sizeOf(text);
      this.judge(field, size !== undefined, `A size, as ${example}.`);
      if (size !== undefined) this.set({ [field]: size });
    });
  }

  /**
   * @param {'min_age' | 'max_age'} field @param {string} title @param {string} example
   */
  age(field, title, example) {
    return this.text(field, title, example, this.rule[field], (text) => {
      this.judge(field, /^(\d+[smhdwy])?$/.test(text.trim()), `A time, as ${example} or 12h.`);
      this.set({ [field]: text.trim() });
    });
  }

  /**
   * @param {string} field @param {string} title @param {string} example
   * @param {string} value @param {(text: string) => void} take
   */
  text(field, title, example, value, take) {
    return html`<label class="field">
      <span>${title}</span>
      <input
        type="text"
        placeholder=${`as ${example}`}
        .value=${value}
        aria-invalid=${this.wrong[field] ? 'true' : nothing}
        @change=${(/** @type {Event} */ e) => {
          take(valueOf(e));
          this.changed();
        }}
      />
      ${this.wrong[field] ? html`<small class="wrong">${this.wrong[field]}</small>` : nothing}
    </label>`;
  }
}

/** @param {Event} event */
export function valueOf(event) {
  return /** @type {HTMLInputElement} */ (event.target).value;
}

/** @param {Event} event */
export function checkedOf(event) {
  return /** @type {HTMLInputElement} */ (event.target).checked;
}
