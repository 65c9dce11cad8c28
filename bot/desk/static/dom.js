// Short words for what every module of the desk does with the page.

export const $ = (selector, within = document) => within.querySelector(selector);
export const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
export const say = (text) => { const live = $('#live'); if (live) live.textContent = text; };
