// The reply to a citizen: how long it is, how it will look on their channel, what templates and cards say.

import { $, $$ } from './dom.js';

const reply = $('#reply-text');
const PREVIEW_AFTER = 400;
if (reply) {
  const counter = document.getElementById(reply.dataset.countFor);
  const previews = $('#previews');
  const token = $('input[name=csrf_token]', reply.form).value;
  let asked = 0;
  let timer;
  // The server draws it, by the rules with which the channel will.
  const draw = async () => {
    const number = ++asked;
    const text = reply.value.trim();
    if (!text) { previews.hidden = true; return; }
    const answer = await fetch(reply.form.dataset.previewAt, { method: 'POST', body: new URLSearchParams({ csrf_token: token, text }) }).catch(() => null);
    if (!answer?.ok || answer.redirected || number !== asked) return;
    previews.innerHTML = await answer.text();
    previews.hidden = false;
  };
  const show = () => {
    counter.textContent = reply.value.length ? `${reply.value.trim().length}/2000字` : '最多2000字';
    clearTimeout(timer);
    timer = setTimeout(draw, PREVIEW_AFTER);
  };
  const put = (text) => {
    const glue = reply.value && !reply.value.endsWith('\n') ? '\n' : '';
    reply.setRangeText(glue + text, reply.value.length, reply.value.length, 'end');
    reply.dispatchEvent(new Event('input'));
    reply.focus();
    reply.scrollIntoView({ block: 'center' });
  };
  // It appears while one types, so nobody needs to ask for it.
  $('button[value=preview]', reply.form).hidden = true;
  $('.ticket-main .panel.reply form[data-preview-at]').after(previews);
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
