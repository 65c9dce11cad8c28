// What the citizen sent and the server hasn't confirmed. It outlives a reload; a resend has the same client_id.

const KEY = "wenfa.unsent";

export class Queue {
  /** `send` gets a frame and returns whether it went out. */
  constructor(send) {
    this.send = send;
    this.items = this.stored();
    this.inFlight = null;
    this.isPaused = true;
  }

  stored() {
    try {
      const items = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return Array.isArray(items) ? items.filter((item) => typeof item?.client_id === "string") : [];
    } catch {
      return [];
    }
  }

  save(change) {
    this.items = change(this.items);
    try {
      // Another tab may have added or removed something meanwhile.
      localStorage.setItem(KEY, JSON.stringify(change(this.stored())));
    } catch {
      // No storage, or full: the message waits in this page only.
    }
  }

  add(frame) {
    const item = { ...frame, at: new Date().toISOString() };
    this.save((items) => [...items.filter(({ client_id }) => client_id !== frame.client_id), item]);
    this.next();
    return item;
  }

  /** The server has it, or never will. Returns the item, if it was waiting here. */
  remove(clientId) {
    const item = this.items.find(({ client_id }) => client_id === clientId);
    if (!item) return null;
    this.save((items) => items.filter(({ client_id }) => client_id !== clientId));
    if (this.inFlight === clientId) this.inFlight = null;
    this.next();
    return item;
  }

  /** The connection is up and the history is there. */
  resume() {
    this.isPaused = false;
    this.inFlight = null;
    this.next();
  }

  /** The connection is gone. */
  pause() {
    this.isPaused = true;
    clearTimeout(this.timer);
  }

  /** The server asked for patience. */
  wait(seconds) {
    this.pause();
    this.timer = setTimeout(() => this.resume(), seconds * 1000);
  }

  /** One at a time, so that order is kept even when one of them must wait. */
  next() {
    if (this.isPaused || this.inFlight || !this.items.length) return;
    const { at, ...frame } = this.items[0];
    if (this.send(frame)) this.inFlight = frame.client_id;
  }
}
