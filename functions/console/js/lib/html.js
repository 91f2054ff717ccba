/** Templates: values in them are inserted as text, never as HTML. See ../../README.md. */
import './quiet.js';

export { html, svg, render, nothing } from '../../vendor/lit-html/lit-html.js';
export { repeat } from '../../vendor/lit-html/directives/repeat.js';

/** @typedef {import('../../vendor/lit-html/lit-html.js').TemplateResult} Template */
/** @typedef {Template | string | number | null | undefined | symbol | readonly unknown[]} Content */
