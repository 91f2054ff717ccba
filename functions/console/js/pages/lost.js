/** What is not there. */
import { html } from '../lib/html.js';
import { head } from '../parts/frame.js';
import { empty } from '../parts/states.js';

/** @import { Context, Page } from './index.js' */

/** @param {Context} context @returns {Page} */
export function lost({ place }) {
  return {
    title: 'Not found',
    view: () => html`${head('Not found')}
      ${empty({
        sign: 'search',
        title: 'There is no such page',
        text: html`Nothing is at <code>${place.hash}</code>.`,
        action: html`<a class="button primary" href="#/">To the syncs</a>`,
      })}`,
  };
}
