// lit-html is kept here in its readable form, which says so on the console unless it is told not to.
/** @type {any} */ (globalThis).litIssuedWarnings = new Set(['dev-mode']);
