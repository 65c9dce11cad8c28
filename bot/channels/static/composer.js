// The input box: grows with the text, counts when it gets long, keeps a draft, knows when Enter means "send".

import { byId } from "./dom.js";

const DRAFT = "wenfa.draft";

export class Composer {
  /** `send(text)` is called with text that may be sent. */
  constructor(send) {
    this.form = byId("composer");
    this.text = byId("text");
    this.counter = byId("counter");
    this.maxText = 4000;
    this.hasPhotos = false;
    this.submit = send;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.trySend();
    });
    this.text.addEventListener("input", () => this.onInput());
    this.text.addEventListener("keydown", (event) => this.onKey(event));
    this.put(this.draft());
  }

  draft() {
    try {
      return sessionStorage.getItem(DRAFT) ?? "";
    } catch {
      return "";
    }
  }

  /** Put text into the box, before what stands there. */
  put(text) {
    if (!text) return;
    this.text.value = this.text.value ? `${text}\n${this.text.value}` : text;
    this.onInput();
  }

  onInput() {
    const length = this.text.value.length;
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight}px`;
    this.counter.hidden = length < this.maxText - 500;
    const isOver = length > this.maxText;
    this.counter.classList.toggle("over", isOver);
    if (isOver) this.counter.textContent = `一次最多发${this.maxText}字，现在${length}字。请分成几段发，写的内容会留着。`;
    else if (!this.counter.hidden) this.counter.textContent = `还可以写${this.maxText - length}字`;
    this.form.classList.toggle("ready", Boolean(this.text.value.trim()) || this.hasPhotos);
    try {
      sessionStorage.setItem(DRAFT, this.text.value);
    } catch {
      // Without storage a reload loses the draft.
    }
  }

  onKey(event) {
    // While pinyin is being composed, Enter belongs to the input method (229 is how Safari says so).
    const isComposing = event.isComposing || event.keyCode === 229;
    const isDesktop = matchMedia("(hover: hover) and (pointer: fine)").matches;
    if (event.key !== "Enter" || event.shiftKey || isComposing || !isDesktop) return;
    event.preventDefault();
    this.trySend();
  }

  trySend() {
    const text = this.text.value;
    if (text.length > this.maxText || (!text.trim() && !this.hasPhotos)) {
      this.text.focus();
      return;
    }
    this.text.value = "";
    this.onInput();
    this.submit(text.trim() ? text : "");
    this.text.focus();
  }
}
