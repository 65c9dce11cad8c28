// Photos open above the page.

import { $, $$ } from './dom.js';

const viewer = $('[data-viewer]');
if (viewer) {
  let photos = [];
  let at = 0;
  const show = (index) => {
    at = (index + photos.length) % photos.length;
    const image = $('img', viewer);
    image.src = photos[at].href;
    image.alt = `照片 ${at + 1}/${photos.length}`;
  };
  document.addEventListener('click', (event) => {
    const photo = event.target.closest?.('a[data-photo]');
    if (!photo || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    photos = $$('a[data-photo]');
    show(photos.indexOf(photo));
    viewer.showModal();
  });
  $('[data-previous]', viewer).addEventListener('click', () => show(at - 1));
  $('[data-next]', viewer).addEventListener('click', () => show(at + 1));
  $('[data-close]', viewer).addEventListener('click', () => viewer.close());
  viewer.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft') show(at - 1);
    if (event.key === 'ArrowRight') show(at + 1);
  });
}
