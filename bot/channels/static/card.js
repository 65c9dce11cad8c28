// A rule card: answer, next steps, and each article's own words on demand.

import { element } from "./dom.js";

function law({ law: name, article, text, status, effective_from: since }) {
  const isInForce = !status || /现行|有效|in_force/.test(status);
  const summary = element("summary", {}, element("span", { class: "law-name" }, `《${name}》${article}`),
    status ? element("span", { class: isInForce ? "status" : "status warn" }, status) : null);
  return element("details", { class: "law" }, summary,
    text ? element("p", { class: "article" }, text) : null,
    since ? element("p", { class: "since" }, `${since}起施行`) : null);
}

function facts(card) {
  const rows = [["主管部门", card.authority], ["适用范围", card.jurisdiction], ["核对日期", card.reviewed_on]];
  const shown = rows.filter(([, value]) => value);
  return shown.length
    ? element("dl", { class: "facts" }, ...shown.map(([title, value]) =>
      element("div", {}, element("dt", {}, title), element("dd", {}, value))))
    : null;
}

// The days of a decision: what, until when, how long that is, and why.
function dayRow({ title, day, left, is_over: isOver, rule, notes }) {
  return element("li", { class: isOver ? "day over" : "day" },
    element("p", { class: "day-title" }, title, element("span", { class: "day-left" }, left)),
    element("p", { class: "day-date" }, day),
    ...(notes ?? []).map((note) => element("p", { class: "day-note" }, note)),
    element("p", { class: "day-rule" }, rule));
}

export function cardElement(card) {
  const steps = card.next_steps ?? [];
  const citations = card.citations ?? [];
  const notes = [card.local_gap, ...(card.notes ?? [])].filter(Boolean);
  return element("article", { class: "card" },
    element("h3", {}, card.title),
    element("p", { class: "said" }, card.answer),
    card.rows ? element("ul", { class: "days" }, ...card.rows.map(dayRow)) : null,
    ...notes.map((note) => element("p", { class: "gap" }, note)),
    steps.length ? element("h4", {}, "怎么办") : null,
    steps.length ? element("ol", { class: "steps" }, ...steps.map((step) => element("li", {}, step))) : null,
    citations.length ? element("h4", {}, "依据（点开看原文）") : null,
    ...citations.map(law),
    facts(card));
}
