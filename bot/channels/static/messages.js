// The conversation on the page: messages in order, separators, buttons, what is still on its way.

import { cardElement } from "./card.js";
import { isApart, spokenMoment } from "./dates.js";
import { element, icon } from "./dom.js";

const WHO = { citizen: "您说：", assistant: "助手：", officer: "工作人员：" };

const HOTLINES = new Set(["110", "119", "120", "12315", "12345", "12348", "12356", "95598"]);

function linked(text) {
  // Emergency and hotline numbers can be called at a touch.
  return text.split(/([0-9]+)/).map((piece) =>
    HOTLINES.has(piece) ? element("a", { href: `tel:${piece}` }, piece) : piece);
}

function place({ latitude, longitude }) {
  return element("p", { class: "said place" }, icon("pin"),
    element("span", {}, `我的位置 ${latitude.toFixed(5)}，${longitude.toFixed(5)}`));
}

function file({ name, size, url }) {
  return element("a", { class: "file", href: url, download: name }, icon("file"),
    element("span", { class: "file-name" }, name), element("span", { class: "file-size" }, `下载 · ${size}`));
}

const buttonsIn = (row) => row.querySelectorAll("button");

// The first buttons of a rating are a scale, from worst to best: stars, which fill up to the one that is meant.
const SCALE = 5;

function scale(buttons) {
  const words = buttons.map((button) => button.textContent);
  const said = element("span", { class: "scale-word", "aria-hidden": "true" }, "点星星评分");
  const fill = (count) => {
    buttons.forEach((button, index) => button.classList.toggle("lit", index < count));
    said.textContent = words[count - 1] ?? "点星星评分";
  };
  buttons.forEach((button, index) => {
    button.setAttribute("aria-label", words[index]);
    button.replaceChildren(icon("star"));
    for (const name of ["pointerenter", "focus"]) button.addEventListener(name, () => fill(index + 1));
    for (const name of ["pointerleave", "blur"]) button.addEventListener(name, () => fill(0));
  });
  return element("div", { class: "scale", role: "group", "aria-label": "评分" }, ...buttons, said);
}

export class Messages {
  /**
   * `on.button(payload, label)`, `on.location()`, `on.photo(address)`, `on.edit(item)`, `on.retry(item)`, `on.drop(item)`.
   */
  constructor(list, on) {
    this.list = list;
    this.on = on;
    this.items = [];
  }

  get newestId() {
    return this.items.reduce((newest, { id }) => Math.max(newest, id ?? 0), 0);
  }

  get oldestId() {
    return this.items.find(({ id }) => id)?.id ?? 0;
  }

  get last() {
    return this.items.at(-1);
  }

  get lastFromCitizen() {
    return this.items.findLast(({ from }) => from === "citizen");
  }

  byClientId(clientId) {
    return clientId ? this.items.find((item) => item.client_id === clientId) : undefined;
  }

  /** Forget what the server told; what is on its way stays. */
  clearStored() {
    for (const item of this.items) if (item.id) item.element.remove();
    this.items = this.items.filter(({ id }) => !id);
  }

  /** Show messages; ones that are shown already are not doubled. Returns those that are new. */
  add(messages) {
    const added = [];
    for (const message of messages) {
      if (message.id && this.items.some(({ id }) => id === message.id)) continue;
      const waiting = message.from === "citizen" ? this.byClientId(message.client_id) : undefined;
      if (waiting) {
        if (message.id) this.confirm(message.client_id, message.id);
        continue;
      }
      const item = { ...message, moment: new Date(message.at) };
      this.draw(item);
      this.place(item);
      added.push(item);
    }
    this.refresh();
    return added;
  }

  /** The server has stored it under `id`. */
  confirm(clientId, id) {
    const item = this.byClientId(clientId);
    if (!item || item.id) return;
    item.id = id;
    this.setState(item, "sent");
    this.items.splice(this.items.indexOf(item), 1);
    this.place(item);
    this.refresh();
  }

  remove(item) {
    this.items.splice(this.items.indexOf(item), 1);
    item.element.remove();
    this.refresh();
  }

  place(item) {
    const isAfter = (other) => !other.id || other.id > item.id;
    const index = item.id ? this.items.findIndex(isAfter) : -1;
    const next = index < 0 ? null : this.items[index];
    this.items.splice(next ? index : this.items.length, 0, item);
    if (item.element.nextElementSibling !== (next?.element ?? null) || !item.element.parentNode) {
      this.list.insertBefore(item.element, next?.element ?? null);
    }
  }

  draw(item) {
    item.separator = element("p", { class: "separator", hidden: true });
    item.bubble = element("div", { class: item.card ? "bubble wide" : "bubble" },
      element("span", { class: "unseen" }, WHO[item.from] ?? ""), ...this.contents(item));
    item.state = element("p", { class: "state" });
    item.row = element("div", { class: "buttons" }, ...this.buttons(item));
    const badge = item.from === "officer" ? element("p", { class: "badge", "aria-hidden": "true" }, "工作人员") : null;
    item.element = element("li", { class: `message ${item.from}` }, item.separator, badge, item.bubble, item.state, item.row);
    if (!item.id) this.setState(item, "waiting");
  }

  contents(item) {
    const picture = item.photo ? element("img", {
      src: item.photo, alt: "照片", loading: item.id ? "lazy" : null,
      onerror: () => photo.replaceWith(element("p", { class: "said" }, "（照片打不开）")),
    }) : null;
    const photo = picture
      ? element("button", { type: "button", class: "photo", onclick: () => this.on.photo(item.photo) }, picture) : null;
    const attached = item.file ? file(item.file) : null;
    if (item.card) return [photo, cardElement(item.card), attached];
    return [photo, item.location ? place(item.location) : null,
      item.text ? element("p", { class: "said" }, ...(item.from === "citizen" ? [item.text] : linked(item.text))) : null,
      attached];
  }

  buttons(item) {
    if (item.from === "citizen") return [];
    const buttons = (item.buttons ?? []).map(({ label, payload }) => element("button", {
      type: "button", "data-payload": payload,
      onclick: (event) => {
        event.currentTarget.classList.add("pressed");
        for (const other of buttonsIn(item.row)) other.disabled = true;
        this.on.button(payload, label);
      },
    }, label));
    if (item.kind === "rating") return [scale(buttons.slice(0, SCALE)), ...buttons.slice(SCALE)];
    if (item.kind === "location_request") {
      buttons.unshift(element("button", { type: "button", onclick: () => this.on.location() }, icon("pin"), "发送我的位置"));
    }
    return buttons;
  }

  /** `state`: waiting, sent or failed; with `text` to say why, and what can be done. */
  setState(item, state, text = "") {
    item.element.dataset.state = state;
    const words = { waiting: "等待发出", sent: "" }[state] ?? text;
    const edit = item.text && !item.payload
      ? element("button", { type: "button", onclick: () => this.on.edit(item) }, "改一改再发") : null;
    const retry = text && item.canRetry
      ? element("button", { type: "button", onclick: () => this.on.retry(item) }, "再发一次") : null;
    const drop = element("button", { type: "button", onclick: () => this.on.drop(item) }, "删除");
    item.state.replaceChildren(words, ...(state === "failed" ? [edit, retry, drop].filter(Boolean) : []));
    if (state === "failed") this.refresh();
  }

  /** It has come in; said only while a person reads it, who doesn't answer at once. */
  showDelivered(clientId) {
    const item = this.byClientId(clientId);
    if (item && !item.isRead) item.state.textContent = "已送达";
  }

  /** The officer has read all up to that message. */
  setRead(id) {
    for (const item of this.items) {
      if (item.from !== "citizen" || !item.id || item.id > id || item.isRead) continue;
      item.isRead = true;
      item.state.textContent = item.state.textContent ? "已读" : "";
    }
  }

  /** Separators, and which buttons can still be pressed: those after the citizen's last word. */
  refresh() {
    let isLive = true;
    for (let index = this.items.length - 1; index >= 0; index--) {
      const item = this.items[index];
      this.separate(item, this.items[index - 1]);
      // What was not sent is no answer yet.
      if (item.from === "citizen") isLive &&= item.element.dataset.state === "failed";
      else if (buttonsIn(item.row).length) this.enable(item, isLive, this.items[index + 1]);
    }
  }

  separate(item, previous) {
    const text = !previous || isApart(previous.moment, item.moment) ? spokenMoment(item.moment) : "";
    if (item.separator.textContent !== text) item.separator.textContent = text;
    item.separator.hidden = !text;
  }

  enable(item, isLive, next) {
    for (const button of buttonsIn(item.row)) {
      if (isLive) {
        button.disabled = false;
        button.classList.remove("pressed");
        continue;
      }
      button.disabled = true;
      if (next?.payload && next.payload === button.dataset.payload) button.classList.add("pressed");
    }
    // Of a question answered long ago, only the answer stays.
    item.row.classList.toggle("spent", !isLive);
  }
}
