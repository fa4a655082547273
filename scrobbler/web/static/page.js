"use strict";
// Keeps the page in step with the agent. Each event is a section as its template makes it; only what differs is
// touched, so that a focus, an open box and half a typed word stay.

// Progress

const clock = (seconds) => {
  const [whole, two] = [Math.round(seconds), (number) => String(number).padStart(2, "0")];
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
};

let told = Date.now(); // when the positions were true that the page was given

function advance() {
  for (const bar of document.querySelectorAll("progress[data-rate]")) {
    const passed = ((Date.now() - told) / 1000) * Number(bar.dataset.rate);
    const at = Math.max(0, Math.min(bar.max, Number(bar.dataset.from) + passed));
    bar.value = at;
    bar.closest("li").querySelector(".at").textContent = clock(at);
  }
}

function begin(part) {
  told = Date.now();
  for (const bar of part.querySelectorAll("progress[data-rate]")) bar.dataset.from = bar.value;
}

// Sections

function same(old, fresh) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  fill(old, fresh);
}

// What stands for a wanted node: the one of its id; or else the next one of its kind that has none.
function twinOf(want, next, known) {
  if (want.id) return known.get(want.id);
  if (want.nodeType !== Node.ELEMENT_NODE) return next?.nodeType === want.nodeType ? next : undefined;
  while (next && (next.id || next.nodeName !== want.nodeName)) next = next.nextSibling;
  return next;
}

function fill(old, fresh) {
  const wanted = new Set([...fresh.children].map((child) => child.id));
  for (const child of [...old.children]) if (child.id && !wanted.has(child.id)) child.remove();
  const known = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let last = null;
  const next = () => (last ? last.nextSibling : old.firstChild);
  for (const want of [...fresh.childNodes]) {
    const twin = twinOf(want, next(), known);
    for (let node = next(); twin && node !== twin; ) {
      const over = node;
      node = node.nextSibling;
      if (!over.id) over.remove();
    }
    if (!twin || next() !== twin) old.insertBefore(twin ?? want, next());
    if (twin) same(twin, want);
    last = twin ?? want;
  }
  while (next()) next().remove();
}

function show(section, html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  localise(fresh.content);
  fill(section, fresh.content);
  if (section.id === "now") begin(section);
}

begin(document);
const live = document.querySelector("[data-events]");
if (live) {
  const news = new EventSource(live.dataset.events);
  for (const section of live.querySelectorAll("section")) news.addEventListener(section.id, (event) => show(section, event.data));
  news.addEventListener("said", (event) => (document.getElementById("aloud").textContent = event.data));
  setInterval(advance, 1000);
  setInterval(() => localise(document), 60_000);
}
