// Keys. They rest while somebody types or a dialog is open.

import { $, $$ } from './dom.js';

const isTyping = (element) => element.matches('input:not([type=checkbox]), textarea, select, [contenteditable]');
const help = $('[data-shortcuts]');
let chosen = -1;

function choose(index) {
  const rows = $$('.rows .row');
  if (!rows.length) return;
  rows.forEach((row) => row.classList.remove('chosen'));
  chosen = Math.max(0, Math.min(rows.length - 1, index));
  rows[chosen].classList.add('chosen');
  $('.row-title', rows[chosen]).focus({ preventScroll: true });
  rows[chosen].scrollIntoView({ block: 'nearest' });
}

const acts = {
  j: () => choose(chosen + 1),
  k: () => choose(chosen - 1),
  x: () => $('.rows .row.chosen input[type=checkbox]')?.click(),
  u: () => $('[data-back]') && location.assign($('[data-back]').href),
  g: () => location.assign('/desk/'),
  '?': () => help?.showModal(),
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || $('dialog[open]')) return;
  if (acts[event.key]) {
    acts[event.key]();
  } else {
    const target = $(`[data-shortcut="${CSS.escape(event.key)}"]`);
    if (!target) return;
    target.closest('details')?.setAttribute('open', '');
    target.focus();
  }
  event.preventDefault();
});
if (help) {
  $('button', help).addEventListener('click', () => help.close());
  for (const opener of $$('[data-open-shortcuts]')) {
    opener.hidden = false;
    opener.addEventListener('click', () => help.showModal());
  }
}
