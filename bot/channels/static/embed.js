// Put the assistant on another site's page: <script src="https://…/embed.js" async></script>
// Options on the tag: data-town, data-spot (where the page's readers are), data-label, data-side="left".
// Runs on pages that aren't ours and in their browsers: plain old script, styles in a shadow root, one global-free block.
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script || document.getElementById("wenfa-assistant")) return;
  var base = new URL(script.src);
  var options = script.dataset;
  var query = new URLSearchParams();
  if (options.town) query.set("town", options.town);
  if (options.spot) query.set("spot", options.spot);
  var address = base.origin + "/embed" + (String(query) ? "?" + query : "");
  var side = options.side === "left" ? "left" : "right";
  var label = options.label || "问法助手";

  var STYLE = [
    ":host{all:initial}",
    "*{box-sizing:border-box}",
    "button{position:fixed;bottom:20px;" + side + ":20px;z-index:2147483000;display:flex;align-items:center;gap:9px;height:54px;padding:0 20px 0 17px;border:0;border-radius:27px;background:#16436b;color:#fff;font:600 16px/1 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;box-shadow:0 6px 22px rgba(15,30,45,.28);cursor:pointer}",
    "button:hover{background:#0f3557}",
    "button:focus-visible{outline:3px solid #f2b705;outline-offset:2px}",
    "svg{width:24px;height:24px;flex:none}",
    "b{min-width:20px;height:20px;padding:0 6px;border-radius:10px;background:#c62828;color:#fff;font:600 12px/20px system-ui,sans-serif;text-align:center}",
    "[hidden]{display:none!important}",
    "iframe{position:fixed;bottom:20px;" + side + ":20px;z-index:2147483001;width:400px;height:min(680px,calc(100vh - 40px));border:0;border-radius:18px;background:#f4f2ec;box-shadow:0 14px 48px rgba(15,30,45,.32);color-scheme:light}",
    "@media (max-width:520px){iframe{inset:0;width:100%;height:100%;border-radius:0}}",
    "@media print{button,iframe{display:none}}"
  ].join("");
  var MARK = "<svg viewBox='0 0 48 48' fill='none' stroke='currentColor' stroke-width='3.6' stroke-linecap='round' stroke-linejoin='round' aria-hidden='true'><path d='M13.2 9.2l3 3.6'/><path d='M11 17.4V39'/><path d='M21 11h16v24.2c0 2.5-1.3 3.8-4.6 3.8'/><path d='M19 20h10.4v9.4h-4.6L21 32.6v-3.2h-2z'/></svg>";

  var host = document.createElement("div");
  host.id = "wenfa-assistant";
  var root = host.attachShadow({ mode: "open" });
  // A constructed sheet isn't inline style, so a strict policy of the page's own lets it through.
  var sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  var button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  button.innerHTML = MARK;
  var words = document.createElement("span");
  words.textContent = label;
  var badge = document.createElement("b");
  badge.hidden = true;
  button.append(words, badge);
  root.append(button);
  var frame = null;

  function unfold() {
    if (!frame) {
      frame = document.createElement("iframe");
      frame.title = label;
      frame.allow = "geolocation; camera";
      frame.src = address;
      root.append(frame);
    } else {
      frame.hidden = false;
      frame.contentWindow.postMessage({ wenfa: "unfold" }, base.origin);
    }
    button.hidden = true;
    button.setAttribute("aria-expanded", "true");
    showUnread(0);
    frame.focus();
  }

  function fold() {
    frame.hidden = true;
    button.hidden = false;
    button.setAttribute("aria-expanded", "false");
    button.focus();
  }

  function showUnread(count) {
    badge.hidden = !count;
    badge.textContent = count > 99 ? "99+" : String(count);
    badge.setAttribute("aria-label", count + "条新消息");
  }

  addEventListener("message", function (event) {
    if (!frame || event.origin !== base.origin || event.source !== frame.contentWindow) return;
    var said = event.data || {};
    if (said.wenfa === "fold") fold();
    if (said.wenfa === "unread" && typeof said.count === "number") showUnread(button.hidden ? 0 : said.count);
  });
  button.addEventListener("click", unfold);

  function mount() { document.body.append(host); }
  if (document.body) mount();
  else addEventListener("DOMContentLoaded", mount);
})();
