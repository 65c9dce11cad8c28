// The page inside another site's page (embed.js there): it asks to be folded, and says how much is unread.

import { byId } from "./dom.js";

export class Frame extends EventTarget {
  /** Fires "unfold" when the citizen opens it again. */
  constructor() {
    super();
    this.isEmbedded = document.body.classList.contains("embedded") && parent !== window;
    this.isFolded = false;
    if (!this.isEmbedded) return;
    byId("close").addEventListener("click", () => this.fold());
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) this.fold();
    });
    addEventListener("message", ({ source, data }) => {
      if (source !== parent || data?.wenfa !== "unfold") return;
      this.isFolded = false;
      this.dispatchEvent(new Event("unfold"));
    });
  }

  fold() {
    this.isFolded = true;
    this.tell({ wenfa: "fold" });
  }

  tellUnread(count) {
    if (this.isEmbedded) this.tell({ wenfa: "unread", count });
  }

  /** Nothing said here is secret, and whoever may frame us is on the operator's list. */
  tell(what) {
    parent.postMessage(what, "*");
  }
}
