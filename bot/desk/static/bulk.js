// Choosing several tickets of the queue.

import { $, $$ } from './dom.js';

const form = $('[data-bulk]');
if (form) {
  const all = $('[data-choose-all]', form);
  const label = $('[data-chosen]', form);
  const hint = label.textContent;
  const boxes = () => $$('input.choose');
  const show = () => {
    const count = boxes().filter((box) => box.checked).length;
    label.textContent = count ? `已选${count}张：` : hint;
    all.checked = count > 0 && count === boxes().length;
    all.indeterminate = count > 0 && !all.checked;
    form.classList.toggle('active', count > 0);
  };
  all.hidden = false;
  all.setAttribute('aria-label', '全选');
  all.addEventListener('change', () => {
    for (const box of boxes()) box.checked = all.checked;
    show();
  });
  document.addEventListener('change', (event) => event.target.matches?.('input.choose') && show());
  document.addEventListener('refreshed', show);
  show();
}
