// Parts of the page that are fetched anew when something changed, while what is typed stays as it is.

/** Fetch this page and put its `data-refresh` parts in place of ours. Returns whether that worked. */
export async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, cache: 'no-store' }).catch(() => null);
  if (!answer?.ok || answer.redirected) return false;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-refresh]')) {
    const fresh = page.querySelector(`[data-refresh="${part.dataset.refresh}"]`);
    if (!fresh || fresh.innerHTML === part.innerHTML) continue;
    // Whoever reads or chooses in it with the keyboard stays where they are.
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    const checked = new Set([...part.querySelectorAll('input:checked')].map((box) => box.value));
    part.replaceChildren(...fresh.childNodes);
    for (const box of part.querySelectorAll('input[type=checkbox]')) box.checked = checked.has(box.value);
    if (focused) part.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    if ('scrollEnd' in part.dataset) part.scrollTop = part.scrollHeight;
    part.dispatchEvent(new Event('refreshed', { bubbles: true }));
  }
  return true;
}
