// Runs before the page is drawn, in any browser: so it is written in old JavaScript.
(function () {
  var isOld = !("noModule" in HTMLScriptElement.prototype) || !Array.prototype.findLast ||
    !window.HTMLDialogElement || !window.ResizeObserver;
  // The plain page does all that the chat does.
  if (isOld) location.replace("/chat/plain");
  try {
    // Now rather than later, so that large type doesn't jump in.
    if (localStorage.getItem("wenfa.large") === "1") document.documentElement.setAttribute("data-large", "1");
  } catch (error) {
    // Storage may be forbidden; then the choice lasts for this page only.
  }
})();
