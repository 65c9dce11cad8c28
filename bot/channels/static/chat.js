// The chat page: ties the connection, the queue of unsent messages, and what is on the page together.

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { byId, newId } from "./dom.js";
import { Frame } from "./frame.js";
import { takeHere } from "./here.js";
import { Messages } from "./messages.js";
import { Previews, upload } from "./photos.js";
import { Queue } from "./queue.js";
import { Scroll } from "./scroll.js";

const OFFLINE_AFTER = 2500;
const TYPING_AFTER = 600;
const TYPING_UNTIL = 8000;
const SEEN_AFTER = 1200;
const TYPING_TOLD_EVERY = 3000;
const TITLE = document.title;
const OFFLINE = "网络断开了。您写的内容先存在这台设备上，连上以后自动发出。";
const REFUSED = {
  too_many: "这个对话在太多窗口里打开了。请关掉几个，再刷新这一页。",
  no_session: "浏览器没有保存会话标识（Cookie），不能收发消息。请允许本网站保存Cookie，再刷新页面。",
};

const connection = new Connection(() => historyPoint());
const queue = new Queue((frame) => connection.send(frame));
const messages = new Messages(byId("messages"), {
  button: press, location: shareLocation, photo: showPhoto, edit, retry, drop,
});
const scroll = new Scroll(byId("log"), byId("newest"), messages);
const previews = new Previews(byId("previews"));
const composer = new Composer(sendAll);
const frame = new Frame();
let unread = 0;
let noticeTimer;
let offlineTimer;
let typingTimers = [];
let seenTimer;
let isLoaded = false;
let isLive = false;
let toldTyping = 0;

// --- what the server says

const HANDLERS = {
  hello: ({ max_text: maxText }) => { composer.maxText = maxText; },
  history: onHistory,
  message: ({ message }) => onMessage(message),
  ack: ({ client_id: clientId, id }) => onAck(clientId, id),
  typing: ({ by }) => setTyping(true, 0, by),
  read: ({ id }) => messages.setRead(id),
  error: onError,
};

connection.addEventListener("frame", ({ detail }) => HANDLERS[detail.type]?.(detail));
connection.addEventListener("open", () => {
  offlineTimer = clearTimeout(offlineTimer);
  notify("");
});
connection.addEventListener("close", () => {
  queue.pause();
  setTyping(false);
  if (!navigator.onLine) notify(OFFLINE);
  // Each failed attempt closes again; the time counts from the first.
  offlineTimer ??= setTimeout(() => {
    offlineTimer = undefined;
    if (!connection.isOpen) notify(OFFLINE);
  }, OFFLINE_AFTER);
});
connection.addEventListener("refused", ({ detail }) => {
  offlineTimer = clearTimeout(offlineTimer);
  notify(REFUSED[detail]);
});

/** A few messages back: on a busy server a message can appear after one with a higher number. */
function historyPoint() {
  const stored = messages.items.filter(({ id }) => id);
  return stored.length ? stored.at(Math.max(0, stored.length - 5)).id - 1 || 0 : 0;
}

function onHistory({ messages: past, has_older: hasOlder, before, follows }) {
  if (before) {
    scroll.keep(() => messages.add(past));
    byId("older").hidden = !hasOlder;
    return;
  }
  const log = byId("messages-log");
  // What was said before is there to be read, not to be read out all at once.
  if (!isLoaded) log.setAttribute("aria-live", "off");
  if (!follows && isLoaded) messages.clearStored();
  if (!follows) byId("older").hidden = !hasOlder;
  past.filter(({ from }) => from === "citizen").forEach(({ client_id: clientId }) => queue.remove(clientId));
  const added = messages.add(past);
  showLive();
  showState();
  if (added.length) scroll.cameIn(!isLoaded);
  if (isLoaded) countUnread(added);
  if (!isLoaded) setTimeout(() => log.setAttribute("aria-live", "polite"), 500);
  isLoaded = true;
  document.documentElement.dataset.loaded = "1";
  queue.resume();
  photosWaiting.splice(0).forEach(sendPhoto);
  tellSeen();
}

function onMessage(message) {
  if (message.from === "citizen") queue.remove(message.client_id);
  else setTyping(false);
  const added = messages.add([message]);
  showLive();
  showState();
  if (!added.length) return;
  scroll.cameIn();
  countUnread(added);
  tellSeen();
}

function countUnread(added) {
  const news = added.filter(({ from }) => from !== "citizen").length;
  if (!news || isBeingRead()) return;
  unread += news;
  document.title = `（${unread}条新消息）${TITLE}`;
  frame.tellUnread(unread);
}

function onAck(clientId, id) {
  queue.remove(clientId);
  messages.confirm(clientId, id);
  // An officer answers in their own time; the assistant at once.
  const isWithOfficer = messages.items.findLast(({ from }) => from !== "citizen")?.from === "officer";
  if (isLive) messages.showDelivered(clientId);
  if (!isWithOfficer && !isLive && messages.last?.from === "citizen") setTyping(true, TYPING_AFTER);
}

function onError({ client_id: clientId, text, retry_after_seconds: seconds }) {
  const item = messages.byClientId(clientId);
  if (seconds) {
    notify(text, seconds * 1000);
    queue.wait(seconds);
  } else if (item) {
    messages.setState(item, "failed", text);
    queue.remove(clientId);
  } else {
    notify(text, 6000);
  }
}

// --- what the citizen does

/** Show what was written and send it as soon as that is possible. */
function send(frame, shown) {
  const item = queue.add({ client_id: newId(), ...frame });
  show({ ...shown, client_id: item.client_id, at: item.at });
}

function show(message) {
  messages.add([{ from: "citizen", ...message }]);
  showState();
  scroll.toEnd();
}

function sendHere() {
  const here = takeHere();
  if (here) press(here.payload, here.label);
}

function sendAll(text) {
  const files = previews.take();
  sendHere();
  if (text) send({ type: "message", text }, { text });
  for (const { blob, address } of files) {
    const clientId = newId();
    show({ client_id: clientId, photo: address, at: new Date().toISOString() });
    sendPhoto({ clientId, blob });
  }
  openTools(false);
}

function press(payload, label) {
  send({ type: "button", payload, label }, { text: label, payload });
}

const photosWaiting = [];

async function sendPhoto({ clientId, blob }) {
  const item = messages.byClientId(clientId);
  if (!item || item.id) return;
  item.blob = blob;
  messages.setState(item, "waiting");
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", "上传进度");
  item.state.replaceChildren(bar);
  const { id, text, canRetry, isOffline, retryAfter } = await upload(blob, clientId, (share) => { bar.value = share; });
  if (id) {
    onAck(clientId, id);
    return;
  }
  if (isOffline) photosWaiting.push({ clientId, blob });
  else if (canRetry && retryAfter) setTimeout(() => sendPhoto({ clientId, blob }), retryAfter * 1000);
  item.canRetry = canRetry;
  messages.setState(item, "failed", text);
}

function edit(item) {
  composer.put(item.text);
  messages.remove(item);
  composer.text.focus();
}

function retry(item) {
  const index = photosWaiting.findIndex(({ clientId }) => clientId === item.client_id);
  if (index >= 0) photosWaiting.splice(index, 1);
  sendPhoto({ clientId: item.client_id, blob: item.blob });
}

function drop(item) {
  queue.remove(item.client_id);
  messages.remove(item);
  showState();
  composer.text.focus();
}

function shareLocation() {
  openTools(false);
  if (!navigator.geolocation || !isSecureContext) {
    notify("这个浏览器发不了位置。请直接写地址，比如“某某路某某小区东门对面”。", 8000);
    return;
  }
  notify("正在取位置，请稍等……");
  navigator.geolocation.getCurrentPosition(
    ({ coords: { latitude, longitude } }) => {
      notify("");
      send({ type: "location", latitude, longitude }, { location: { latitude, longitude } });
    },
    ({ code }) => notify(code === 1
      ? "您没有允许发送位置，没关系。请直接写地址，比如“某某路某某小区东门对面”。"
      : "没有取到位置。请直接写地址，比如“某某路某某小区东门对面”。", 8000),
    { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 });
}

function showPhoto(address) {
  byId("photo-large").src = address;
  byId("photo-view").showModal();
}

// --- the page around the conversation

function showState() {
  const isEmpty = !messages.items.length;
  byId("welcome").hidden = !isEmpty;
  byId("quick").hidden = isEmpty;
}

function notify(text, milliseconds = 0) {
  const notice = byId("notice");
  clearTimeout(noticeTimer);
  notice.textContent = text;
  notice.hidden = !text;
  if (milliseconds) noticeTimer = setTimeout(() => notify(connection.isOpen ? "" : OFFLINE), milliseconds);
}

/** Whether a person talks: what the newest message that says so says. */
function showLive() {
  isLive = messages.items.findLast(({ live }) => live !== undefined)?.live ?? false;
  byId("live").hidden = !isLive;
}

function setTyping(isTyping, after = 0, by = "assistant") {
  typingTimers.forEach(clearTimeout);
  typingTimers = [];
  if (!isTyping) {
    byId("typing").hidden = true;
    return;
  }
  typingTimers.push(setTimeout(() => {
    byId("typing-who").textContent = by === "officer" ? "工作人员正在输入" : "正在回复";
    byId("typing").classList.toggle("by-officer", by === "officer");
    byId("typing").hidden = false;
    scroll.cameIn();
  }, after), setTimeout(() => setTyping(false), after + TYPING_UNTIL));
}

function isBeingRead() {
  return document.visibilityState === "visible" && !frame.isFolded;
}

function tellSeen() {
  if (!isBeingRead()) return;
  unread = 0;
  document.title = TITLE;
  frame.tellUnread(0);
  clearTimeout(seenTimer);
  seenTimer = setTimeout(() => messages.newestId && connection.tell({ type: "seen", id: messages.newestId }), SEEN_AFTER);
}

function openTools(isOpen) {
  byId("tools").hidden = !isOpen;
  byId("tools-open").setAttribute("aria-expanded", String(isOpen));
}

async function choose(files) {
  notify(await previews.add([...files]), 8000);
  openTools(false);
  composer.text.focus();
}

function setLarge(isLarge) {
  if (isLarge) document.documentElement.dataset.large = "1";
  else delete document.documentElement.dataset.large;
  byId("large").setAttribute("aria-pressed", String(isLarge));
  composer.onInput();
  try {
    localStorage.setItem("wenfa.large", isLarge ? "1" : "0");
  } catch {
    // The choice then lasts for this page only.
  }
}

byId("large").addEventListener("click", () => setLarge(!document.documentElement.dataset.large));
byId("live-leave").addEventListener("click", () => press("live:leave", "结束人工对话"));
composer.text.addEventListener("input", () => {
  if (!isLive || Date.now() - toldTyping < TYPING_TOLD_EVERY) return;
  toldTyping = Date.now();
  connection.tell({ type: "typing" });
});
byId("about-open").addEventListener("click", () => byId("about").showModal());
byId("tools-open").addEventListener("click", () => openTools(byId("tools").hidden));
byId("older").addEventListener("click", () => connection.send({ type: "older", before: messages.oldestId }));
byId("share-location").addEventListener("click", shareLocation);
for (const [button, input] of [["take-photo", "camera-file"], ["choose-photo", "photo-file"]]) {
  byId(button).addEventListener("click", () => byId(input).click());
  byId(input).addEventListener("change", ({ target }) => {
    choose(target.files).finally(() => { target.value = ""; });
  });
}
byId("previews").addEventListener("change", () => {
  composer.hasPhotos = previews.files.length > 0;
  composer.onInput();
});
composer.text.addEventListener("paste", (event) => {
  const pictures = [...event.clipboardData.files].filter(({ type }) => type.startsWith("image/"));
  if (!pictures.length) return;
  event.preventDefault();
  choose(pictures);
});
for (const button of document.querySelectorAll(".start, .quick button")) {
  button.addEventListener("click", () => {
    if (button.dataset.payload === "menu:report") sendHere();
    press(button.dataset.payload, button.dataset.label);
    // The button may be gone now. On a phone the focus would open the keyboard over the answer.
    if (matchMedia("(pointer: fine)").matches) composer.text.focus({ preventScroll: true });
  });
}
for (const form of document.querySelectorAll(".leave")) {
  form.addEventListener("submit", (event) => {
    if (!confirm("清除以后，这台设备上就看不到这段对话了。已经提交的工单照常办理，凭编号和查询码可以查进度。要清除吗？")) {
      event.preventDefault();
      return;
    }
    localStorage.removeItem("wenfa.unsent");
    sessionStorage.clear();
  });
}
document.addEventListener("visibilitychange", tellSeen);
frame.addEventListener("unfold", () => {
  tellSeen();
  composer.text.focus({ preventScroll: true });
});

setLarge(Boolean(document.documentElement.dataset.large));
for (const { at, client_id: clientId, ...frame } of queue.items) {
  const { text, label, payload, latitude, longitude } = frame;
  const location = latitude === undefined ? undefined : { latitude, longitude };
  messages.add([{ from: "citizen", client_id: clientId, at, text: text ?? label, payload, location }]);
}
showState();
connection.open();
// Without a network the browser then shows a page of ours, which says what to do.
if (navigator.serviceWorker && !frame.isEmbedded) navigator.serviceWorker.register("/worker.js").catch(() => {});
