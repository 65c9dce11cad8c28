// Where the conversation is scrolled to: at the newest, but never past the beginning of an answer.

export class Scroll {
  constructor(log, newest, messages) {
    this.log = log;
    this.newest = newest;
    this.messages = messages;
    this.isFollowing = true;
    this.touchedAt = -Infinity;
    // A scroll event doesn't say whose it is: only one that follows a person's own movement stops the following.
    for (const kind of ["wheel", "touchmove", "pointerdown", "keydown"]) {
      log.addEventListener(kind, () => { this.touchedAt = performance.now(); }, { passive: true });
    }
    log.addEventListener("scroll", () => this.onScroll(), { passive: true });
    newest.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.isFollowing && this.toEnd(true)).observe(log);
  }

  get bottom() {
    return this.log.scrollHeight - this.log.clientHeight;
  }

  /** The end, or the citizen's last message at the top if what follows is longer than the screen. */
  get target() {
    if (!this.messages.last) return 0;
    const last = this.messages.lastFromCitizen?.element;
    if (!last) return this.bottom;
    const top = last.getBoundingClientRect().top - this.log.getBoundingClientRect().top + this.log.scrollTop;
    return Math.min(this.bottom, top - 12);
  }

  onScroll() {
    const isNear = this.log.scrollTop >= this.target - 60;
    if (isNear) this.newest.hidden = true;
    if (isNear) this.isFollowing = true;
    else if (performance.now() - this.touchedAt < 1000) this.isFollowing = false;
  }

  toEnd(atOnce = false) {
    this.newest.hidden = true;
    this.isFollowing = true;
    this.touchedAt = -Infinity;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.log.scrollTo({ top: this.target, behavior: atOnce || calm ? "instant" : "smooth" });
  }

  /** Something came: follow, or say so to who is reading further up. */
  cameIn(atOnce) {
    if (this.isFollowing) this.toEnd(atOnce);
    else this.newest.hidden = false;
  }

  /** Keep what is being read in its place while `change` puts something above it. */
  keep(change) {
    const fromEnd = this.log.scrollHeight - this.log.scrollTop;
    change();
    this.log.scrollTop = this.log.scrollHeight - fromEnd;
  }
}
