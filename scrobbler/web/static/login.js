"use strict";
// Keeps the page in step with the agent: each event is the part of the page that changes, made by the same template.
const place = document.getElementById("state");

let until = 0; // by the clock and not by counting ticks, because a page in the background gets few of them

function renew() {
  const left = document.getElementById("left");
  if (left) until = Date.now() + 1000 * Number(left.dataset.seconds);
}

function count() {
  const left = document.getElementById("left");
  if (!left) return;
  const seconds = Math.max(0, Math.round((until - Date.now()) / 1000));
  left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

// What is told anew is often what is there already, but for the time; to put it there again would take the focus away.
const lasting = (part) => part.innerHTML.replace(/<time.*?<\/time>/s, "").trim();

function show(html) {
  const told = document.createElement("div");
  told.innerHTML = html;
  if (lasting(told) !== lasting(place)) place.innerHTML = html;
  else document.getElementById("left")?.replaceWith(told.querySelector("#left"));
  renew();
}

renew();
setInterval(count, 1000);
new EventSource(place.dataset.events).addEventListener("state", (event) => show(event.data));
