// What makes the desk quicker. Everything works without it.

import './bulk.js';
import './news.js';
import './reply.js';
import './talk.js';
import './viewer.js';
import './keys.js';
import { $, $$ } from './dom.js';

// On a telephone the bar at the top scrolls: where one is must be in sight.
$('.pages [aria-current]')?.scrollIntoView({ inline: 'nearest', block: 'nearest' });

// What takes longer to find comes after the page.
for (const part of $$('[data-load]')) {
  fetch(part.dataset.load).then(async (answer) => { if (answer.ok && !answer.redirected) part.innerHTML = await answer.text(); }).catch(() => null);
}

// Filters apply when chosen.
for (const field of $$('[data-autosubmit]')) field.addEventListener('change', () => field.form.requestSubmit());

// Acts that can't be undone are asked about; a button pressed twice sends once.
for (const button of $$('[data-confirm]')) {
  button.addEventListener('click', (event) => { if (!confirm(button.dataset.confirm)) event.preventDefault(); });
}
for (const form of $$('form[method=post]:not([data-talk])')) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = 'yes';
    setTimeout(() => delete form.dataset.sent, 4000);
  });
}

// What is being typed outlives a reload, a lost session and a closed tab, in this tab's own store.
for (const form of $$('form[data-keep]')) {
  const field = $('textarea', form);
  if (!field) continue;
  const key = `wenfa:${location.pathname}:${form.dataset.keep}`;
  const done = new URLSearchParams(location.search).get('done');
  if ((form.dataset.doneBy ?? form.dataset.keep).split(' ').includes(done)) sessionStorage.removeItem(key);
  if (!field.value) field.value = sessionStorage.getItem(key) ?? '';
  if (field.value && form.closest('details')) form.closest('details').open = true;
  field.addEventListener('input', () => sessionStorage.setItem(key, field.value));
}

// A move that needs a note asks for it before it is sent.
for (const button of $$('[data-needs-note]')) {
  button.addEventListener('click', (event) => {
    const note = $('textarea[name=note]', button.form);
    note.setCustomValidity(note.value.trim() ? '' : '这一步要写说明');
    if (!note.reportValidity()) event.preventDefault();
    note.addEventListener('input', () => note.setCustomValidity(''), { once: true });
  });
}

for (const button of $$('[data-print]')) button.addEventListener('click', () => print());
