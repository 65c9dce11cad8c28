// The place that the page's address named: shown above the input box, and sent once, before the first message.

import { byId } from "./dom.js";

const line = document.getElementById("here");

function forget() {
  line.remove();
  // A reload must not say it again.
  history.replaceState(null, "", location.pathname);
}

/** What to press to tell the place; null when there is none, or it was said or denied already. */
export function takeHere() {
  if (!line?.isConnected) return null;
  forget();
  return { payload: line.dataset.payload, label: line.dataset.label };
}

if (line) byId("not-here").addEventListener("click", () => {
  forget();
  byId("text").focus();
});
