// A live conversation: what is said appears by itself, and both sides see that the other is typing.

import { $ } from './dom.js';
import { refresh } from './refresh.js';

const page = $('[data-conversation]');
const TELL_EVERY = 3000;

if (page) {
  const list = $('#talk');
  const typing = $('[data-typing]');
  const form = $('[data-talk]');
  list.scrollTop = list.scrollHeight;
  const source = new EventSource(`${page.dataset.conversation}/events`);
  source.addEventListener('news', async () => {
    await refresh();
    // Taken, handed back or ended from elsewhere: the forms are others then.
    const isMine = Boolean(page.dataset.mine);
    if (isMine && !$('.chip.status-in_progress') && !$('#talk-text')?.value.trim()) location.reload();
  });
  source.addEventListener('typing', ({ data }) => { typing.hidden = !JSON.parse(data); });
  addEventListener('pagehide', () => source.close());

  if (form) {
    const text = $('textarea', form);
    const files = $('input[type=file]', form);
    const token = $('input[name=csrf_token]', form).value;
    let told = 0;
    text.focus();
    text.addEventListener('input', () => {
      if (!text.value.trim() || Date.now() - told < TELL_EVERY) return;
      told = Date.now();
      fetch(`${page.dataset.conversation}/typing`, { method: 'POST', body: new URLSearchParams({ csrf_token: token }) }).catch(() => null);
    });
    text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.addEventListener('submit', async (event) => {
      // What goes to legal review is a page of its own.
      if (event.submitter?.hasAttribute('formaction')) return;
      event.preventDefault();
      const words = text.value.trim();
      if ((!words && !files.files.length) || form.dataset.sending) return;
      form.dataset.sending = 'yes';
      const body = new FormData(form);
      // Cleared at once, because the next sentence may be begun before the answer is there.
      text.value = '';
      text.dispatchEvent(new Event('input'));
      told = 0;
      const answer = await fetch(form.action, { method: 'POST', body }).catch(() => null);
      delete form.dataset.sending;
      if (answer?.ok) {
        files.value = '';
        await refresh();
        return;
      }
      text.value = text.value.trim() ? `${words}\n${text.value}` : words;
      text.dispatchEvent(new Event('input'));
      if (answer) {
        // The page that comes back says why, and still has the words.
        form.submit();
      } else {
        $('#live').textContent = '没有发出去，请检查网络后再发。';
        text.setCustomValidity('没有发出去，请检查网络后再发');
        text.reportValidity();
        text.addEventListener('input', () => text.setCustomValidity(''), { once: true });
      }
    });
  }
}
