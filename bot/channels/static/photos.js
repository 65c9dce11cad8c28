// Photos: chosen, looked at, made smaller where they must be, uploaded with progress.

import { element, icon } from "./dom.js";

const LIMIT = 10 * 1024 * 1024;
const SIDES = [4096, 2560, 1600];

/** The photo, as a smaller JPEG if it is over what the server takes; null if the browser can't open it. */
async function fitted(file) {
  if (file.size <= LIMIT) return file;
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return null;
  for (const side of SIDES) {
    const scale = Math.min(1, side / Math.max(picture.width, picture.height));
    const canvas = element("canvas", { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const smaller = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    if (smaller && smaller.size <= LIMIT) return smaller;
  }
  return null;
}

/** The photos that will go with the next press of "send". */
export class Previews {
  constructor(list) {
    this.list = list;
    this.files = [];
  }

  /** Returns what to tell the citizen, or "". */
  async add(files) {
    let problem = "";
    for (const file of files) {
      if (this.files.length >= 9) return "一次最多选九张照片。";
      const fitting = await fitted(file);
      if (fitting) this.files.push({ blob: fitting, address: URL.createObjectURL(fitting) });
      else problem = "有一张照片太大，这里打不开。请换一张，或者截个图再发。";
    }
    this.draw();
    return problem;
  }

  take() {
    const files = this.files;
    this.files = [];
    this.draw();
    return files;
  }

  draw() {
    this.list.hidden = !this.files.length;
    this.list.replaceChildren(...this.files.map((file, index) => element("li", {},
      element("img", { src: file.address, alt: `第${index + 1}张照片` }),
      element("button", { type: "button", "aria-label": `去掉第${index + 1}张照片`, onclick: () => this.drop(file) }, icon("close")))));
    this.list.dispatchEvent(new Event("change"));
  }

  drop(file) {
    URL.revokeObjectURL(file.address);
    this.files = this.files.filter((other) => other !== file);
    this.draw();
  }
}

/**
 * Upload one photo. Resolves to {id} when it is stored, or {text, canRetry, retryAfter}. `onProgress` gets 0 to 1.
 */
export function upload(blob, clientId, onProgress) {
  const form = new FormData();
  form.append("client_id", clientId);
  form.append("photo", blob, "photo.jpg");
  const request = new XMLHttpRequest();
  request.open("POST", "/chat/photo");
  request.responseType = "json";
  request.timeout = 180_000;
  request.upload.addEventListener("progress", (event) => event.total && onProgress(event.loaded / event.total));
  return new Promise((done) => {
    request.addEventListener("load", () => {
      const answer = request.response ?? {};
      if (request.status === 200) return done({ id: answer.id });
      const retryAfter = answer.retry_after_seconds ?? 0;
      const canRetry = request.status === 429 || request.status >= 500;
      return done({ text: answer.text ?? "照片没有传上去。", canRetry, retryAfter });
    });
    const broken = () => done({ text: "网络断了，照片还没有传上去。", canRetry: true, isOffline: true });
    request.addEventListener("error", broken);
    request.addEventListener("timeout", broken);
    request.send(form);
  });
}
