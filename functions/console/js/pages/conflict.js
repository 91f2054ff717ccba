/** One conflict: both versions side by side, and a decision. */
import { address, ask, path as at, problemOf, textOf } from '../lib/api.js';
import { Act, say } from '../lib/acts.js';
import { html, nothing } from '../lib/html.js';
import { union } from '../lib/diff.js';
import { bytes, moment, split } from '../lib/format.js';
import { go, to } from '../lib/router.js';
import { differences } from '../parts/differences.js';
import { head } from '../parts/frame.js';
import { icon } from '../parts/icons.js';
import { box, empty, problemBox, settled, skeleton } from '../parts/states.js';
import { valueOf } from '../parts/ruleform.js';

/** @import { Problem } from '../lib/api.js' */
/** @import { Resource } from '../lib/resource.js' */
/** @import { Conflict, Resolution, Version } from '../shapes.js' */
/** @import { Context, Page } from './index.js' */

/** @param {Context} context @param {string} sync @param {string} id @returns {Page} */
export function conflict({ scope, refresh }, sync, id) {
  const place = at`/syncs/${sync}/conflicts/${id}`;
  /** @type {Resource<Conflict>} */
  const known = scope.one(place);
  const act = new Act(refresh);
  /** @type {{kept: string, other: string} | null} */
  let texts = null;
  /** @type {Problem | null} */
  let unread = null;
  let asked = false;
  /** The text that is being merged by hand; null while none is. @type {string | null} */
  let merged = null;

  async function read() {
    asked = true;
    try {
      const [kept, other] = await Promise.all(
        ['kept', 'other'].map((version) => textOf(`${place}/content?version=${version}`)),
      );
      texts = { kept, other };
    } catch (error) {
      unread = problemOf(error);
    }
    refresh();
  }

  /** @param {Resolution['take']} take @param {string} says */
  async function resolve(take, says) {
    const body = take === 'merged' ? { take, text: merged } : { take };
    const done = await act.run(
      take,
      async () => (await ask('POST', `${place}/resolve`, { body, etag: known.etag }), true),
      { quiet: true },
    );
    if (act.problem?.status === 412) {
      // Something was changed since: nothing is decided before that was seen, too.
      await known.load();
      await read();
    }
    if (!done) return;
    say(says);
    go('#/conflicts');
  }

  /** @param {Conflict} data */
  function show(data) {
    const { kept, other } = data;
    const both = !kept.deleted && !other.deleted;
    const text = both && kept.media === 'text' && other.media === 'text';
    const image = kept.media === 'image' || other.media === 'image';
    if (text && !asked) void read();
    return html`<div class="versions">
        ${side(kept, 'kept', 'Under its name', image)} ${side(other, 'other', 'Kept beside it', image)}
      </div>
      ${text ? comparison() : !image ? box('info', 'What is in them cannot be shown here. Compare by what is known of them, or open them where they are.', { sign: 'file' }) : nothing}
      ${act.problem ? problemBox(act.problem) : nothing}
      ${merged === null ? choices(data, Boolean(text && texts)) : editor()}`;
  }

  /**
   * @param {Version} version @param {'kept' | 'other'} which @param {string} role @param {boolean} image
   */
  function side(version, which, role, image) {
    const { name } = split(version.path);
    return html`<section class="card padded version" aria-label=${role}>
      <header>
        <p class="version-role">${role}</p>
        <h2>${version.account}</h2>
      </header>
      ${image && !version.deleted && version.media === 'image'
        ? html`<img class="preview" src=${address(`${place}/content?version=${which}`)} alt=${`${name} as in ${version.account}`} />`
        : nothing}
      ${version.deleted
        ? html`<p class="wrong">It is no longer there.</p>`
        : html`<dl class="facts">
            <div><dt>Changed</dt><dd>${version.modified_at ? moment(version.modified_at) : 'not known'}</dd></div>
            <div><dt>Size</dt><dd>${bytes(version.size)}</dd></div>
            <div><dt>Name</dt><dd class="breaks">${name}</dd></div>
          </dl>`}
    </section>`;
  }

  function comparison() {
    if (unread) return problemBox(unread, read);
    if (!texts) return skeleton(4);
    return differences(texts.kept, texts.other);
  }

  /** @param {Conflict} data @param {boolean} canMerge */
  function choices({ kept, other }, canMerge) {
    const same = kept.account === other.account;
    const keptName = same ? 'the first' : kept.account;
    const otherName = same ? 'the second' : other.account;
    return html`<p class="note">What is not kept goes to the trash where the provider has one.</p>
    <div class="decide" role="group" aria-label="Decide">
      <button class="button primary" ?disabled=${act.busy || kept.deleted} @click=${() => resolve('kept', `The version of ${keptName} stays.`)}>
        Keep ${keptName}’s
      </button>
      <button class="button primary" ?disabled=${act.busy || other.deleted} @click=${() => resolve('other', `The version of ${otherName} takes its place.`)}>
        Keep ${otherName}’s
      </button>
      <button class="button" ?disabled=${act.busy} @click=${() => resolve('both', 'Both stay.')}>Keep both</button>
      ${canMerge
        ? html`<button class="button" ?disabled=${act.busy} @click=${() => edit('both')}>${icon('edit')}Merge by hand</button>`
        : nothing}
    </div>`;
  }

  /** @param {'kept' | 'other' | 'both'} from */
  function edit(from) {
    if (!texts) return;
    merged = from === 'both' ? union(texts.kept, texts.other) : texts[from];
    refresh();
    setTimeout(() => document.getElementById('merged')?.focus());
  }

  function editor() {
    return html`<section class="stack" aria-labelledby="merge-title">
      <div class="section-head">
        <h2 id="merge-title">Your text</h2>
        <div class="chips" role="group" aria-label="Begin with">
          <button class="chip" @click=${() => edit('both')}>Both, one after the other</button>
          <button class="chip" @click=${() => edit('kept')}>The first</button>
          <button class="chip" @click=${() => edit('other')}>The second</button>
        </div>
      </div>
      <label class="field">
        <span class="hidden">The merged text</span>
        <textarea
          id="merged"
          class="code"
          rows="16"
          spellcheck="false"
          .value=${merged ?? ''}
          @input=${(/** @type {Event} */ e) => (merged = valueOf(e))}
        ></textarea>
      </label>
      <div class="actions sticky">
        <button class="button primary" ?disabled=${act.busy} @click=${() => resolve('merged', 'Your text stays.')}>
          Keep this text
        </button>
        <button class="button plain" @click=${() => ((merged = null), refresh())}>Back</button>
      </div>
    </section>`;
  }

  return {
    title: 'Conflict',
    view: () => {
      const { folder, name } = split(known.data?.kept.path ?? '');
      return html`${head(name || 'Conflict', {
          back: ['#/conflicts', 'Conflicts'],
          lead: known.data ? html`<a href=${to`#/syncs/${sync}`}>${sync}</a>${folder ? html` · <bdi>${folder}</bdi>` : nothing}` : undefined,
        })}
        ${known.problem?.status === 404 && !known.data
          ? empty({
              sign: 'check',
              title: 'This conflict is decided',
              text: 'Somebody decided it, or the file was changed since.',
              action: html`<a class="button primary" href="#/conflicts">To the conflicts</a>`,
            })
          : settled(known, show, skeleton(2, 'card'))}`;
    },
  };
}
