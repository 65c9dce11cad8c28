// The reply to a citizen: how long it is, how it will look, what templates and cards say.

import { $, $$ } from './dom.js';

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
