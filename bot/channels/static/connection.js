// The WebSocket: opened, kept open, and opened again with growing, scattered pauses.

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
const PING_EVERY = 45_000;
const ANSWER_WITHIN = 10_000;
const NO_SESSION = 4401;
const TOO_MANY_PAGES = 4429;

export class Connection extends EventTarget {
  /** Fires "frame" (detail: the frame), "open", "close" and "refused" (detail: "no_session" or "too_many"). */
  constructor(after) {
    super();
    this.after = after;
    this.failures = 0;
    this.sessionAsked = false;
    addEventListener("online", () => this.retryNow());
    addEventListener("offline", () => this.restart());
    // Phones freeze pages in the background; on return the line may be dead without anybody having said so.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.isOpen ? this.ping() : this.retryNow();
    });
    setInterval(() => document.visibilityState === "visible" && this.isOpen && this.ping(), PING_EVERY);
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  open() {
    clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/chat/socket?after=${this.after()}`);
    this.socket = socket;
    socket.addEventListener("message", (event) => socket === this.socket && this.onFrame(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => socket === this.socket && this.onClose(event.code));
  }

  onFrame(frame) {
    this.expectNothing();
    if (frame.type === "hello") {
      this.failures = 0;
      this.sessionAsked = false;
      this.dispatchEvent(new Event("open"));
    }
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  async onClose(code) {
    this.socket = undefined;
    this.expectNothing();
    this.dispatchEvent(new Event("close"));
    if (code === NO_SESSION && !(await this.askForSession())) return;
    if (code === TOO_MANY_PAGES) {
      this.dispatchEvent(new CustomEvent("refused", { detail: "too_many" }));
      return;
    }
    const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.failures++);
    this.timer = setTimeout(() => this.open(), longest / 2 + (Math.random() * longest) / 2);
  }

  /** The cookie is gone, as after "clear history": a visit to the page brings a new one. */
  async askForSession() {
    if (this.sessionAsked) {
      this.dispatchEvent(new CustomEvent("refused", { detail: "no_session" }));
      return false;
    }
    this.sessionAsked = true;
    await fetch("/", { cache: "no-store" }).catch(() => null);
    return true;
  }

  retryNow() {
    if (this.socket) return;
    this.failures = 0;
    this.open();
  }

  /** Give this connection up, without waiting for a close that may never come, and open another. */
  restart() {
    const socket = this.socket;
    if (!socket) return;
    this.onClose(1006);
    socket.close();
  }

  /** Send a frame that will be answered; without any answer the line counts as dead. */
  send(frame) {
    if (!this.isOpen) return false;
    this.socket.send(JSON.stringify(frame));
    clearTimeout(this.answerTimer);
    this.answerTimer = setTimeout(() => this.restart(), ANSWER_WITHIN);
    return true;
  }

  /** Send a frame to which there is no answer. */
  tell(frame) {
    if (this.isOpen) this.socket.send(JSON.stringify(frame));
  }

  ping() {
    this.send({ type: "ping" });
  }

  expectNothing() {
    clearTimeout(this.answerTimer);
  }
}
