// What makes the desk quicker. Everything works without it.

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const say = (text) => { const live = $('#live'); if (live) live.textContent = text; };
const isTyping = (element) => element.matches('input, textarea, select, [contenteditable]');

// Filters apply when chosen.
for (const field of $$('[data-autosubmit]')) field.addEventListener('change', () => field.form.requestSubmit());

// Acts that can't be undone are asked about; a button pressed twice sends once.
for (const button of $$('[data-confirm]')) {
  button.addEventListener('click', (event) => { if (!confirm(button.dataset.confirm)) event.preventDefault(); });
}
for (const form of $$('form[method=post]')) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = 'yes';
    setTimeout(() => delete form.dataset.sent, 4000);
  });
}

// What is being typed outlives a reload, a lost session and a closed tab, in this tab's own store.
for (const form of $$('form[data-keep]')) {
  const field = $('textarea', form);
  const ticket = $('[data-ticket]')?.dataset.ticket;
  if (!field || !ticket) continue;
  const key = `wenfa:${ticket}:${form.dataset.keep}`;
  const done = { reply: 'reply', note: 'note', status: 'status' }[form.dataset.keep];
  if (new URLSearchParams(location.search).get('done') === done) sessionStorage.removeItem(key);
  if (!field.value) field.value = sessionStorage.getItem(key) ?? '';
  if (field.value && form.closest('details')) form.closest('details').open = true;
  field.addEventListener('input', () => sessionStorage.setItem(key, field.value));
}

// The reply: how long it is, how it will look, what templates and cards say.
const reply = $('#reply-text');
if (reply) {
  const counter = document.getElementById(reply.dataset.countFor);
  const preview = $('[data-preview]');
  const head = preview?.dataset.preview ?? '';
  const show = () => {
    counter.textContent = reply.value.length ? `${reply.value.trim().length}/2000字` : '最多2000字';
    preview.hidden = !reply.value.trim();
    preview.textContent = head.replace('\u0001', reply.value.trim());
  };
  const put = (text) => {
    const glue = reply.value && !reply.value.endsWith('\n') ? '\n' : '';
    reply.setRangeText(glue + text, reply.value.length, reply.value.length, 'end');
    reply.dispatchEvent(new Event('input'));
    reply.focus();
    reply.scrollIntoView({ block: 'center' });
  };
  reply.addEventListener('input', show);
  reply.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) $('button[value=send]', reply.form).click();
  });
  for (const button of $$('[data-insert]')) {
    button.hidden = false;
    button.addEventListener('click', () => put(button.dataset.insert));
  }
  const templates = $('[data-templates]');
  if (templates) {
    $('[data-template-button]')?.remove();
    templates.addEventListener('change', () => {
      const chosen = templates.selectedOptions[0];
      if (chosen.dataset.text) put(chosen.dataset.text);
      templates.value = '';
    });
  }
  show();
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

// Photos open above the page.
const viewer = $('[data-viewer]');
if (viewer) {
  const photos = $$('a[data-photo]');
  let at = 0;
  const show = (index) => {
    at = (index + photos.length) % photos.length;
    const image = $('img', viewer);
    image.src = photos[at].href;
    image.alt = `照片 ${at + 1}/${photos.length}`;
  };
  photos.forEach((photo, index) => photo.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(index);
    viewer.showModal();
  }));
  $('[data-previous]', viewer).addEventListener('click', () => show(at - 1));
  $('[data-next]', viewer).addEventListener('click', () => show(at + 1));
  $('[data-close]', viewer).addEventListener('click', () => viewer.close());
  viewer.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft') show(at - 1);
    if (event.key === 'ArrowRight') show(at + 1);
  });
}

// Keys. They rest while somebody types or a dialog is open.
const help = $('[data-shortcuts]');
const rows = $$('.rows .row');
let chosen = -1;
const choose = (index) => {
  if (!rows.length) return;
  rows[chosen]?.classList.remove('chosen');
  chosen = Math.max(0, Math.min(rows.length - 1, index));
  rows[chosen].classList.add('chosen');
  $('.row-title', rows[chosen]).focus({ preventScroll: true });
  rows[chosen].scrollIntoView({ block: 'nearest' });
};
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || $('dialog[open]')) return;
  if (event.key === 'j') choose(chosen + 1);
  else if (event.key === 'k') choose(chosen - 1);
  else if (event.key === 'u' && $('[data-back]')) location.assign($('[data-back]').href);
  else if (event.key === '?' && help) help.showModal();
  else {
    const target = $(`[data-shortcut="${CSS.escape(event.key)}"]`);
    if (!target) return;
    target.closest('details')?.setAttribute('open', '');
    target.focus();
  }
  event.preventDefault();
});
help && $('button', help).addEventListener('click', () => help.close());

for (const button of document.querySelectorAll('[data-print]')) button.addEventListener('click', () => print());

// News: the page says that there is some, and never reloads under somebody's hands.
const live = $('[data-live]');
const fresh = $('[data-fresh]');
if (live && fresh && 'EventSource' in window) {
  const source = new EventSource('/desk/events');
  source.addEventListener('tickets', (event) => {
    const { tickets } = JSON.parse(event.data);
    const mine = live.dataset.ticket
      ? tickets.filter((one) => one.no === live.dataset.ticket && one.entries > Number(live.dataset.last))
      : tickets;
    if (!mine.length) return;
    fresh.hidden = false;
    say(fresh.textContent);
  });
  addEventListener('pagehide', () => source.close());
}
