"use strict";
// Times as the browser's clock shows them; and the line of what was done is not said again by loading the page again.

const short = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });

function ago(at) {
  const seconds = (Date.now() - at) / 1000;
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    const number = Math.floor(seconds / length);
    if (number > 0) return `${number} ${unit}${number === 1 ? "" : "s"} ago`;
  }
  return "just now";
}

function localise(part) {
  for (const time of part.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    time.textContent = "ago" in time.dataset ? ago(at) : short.format(at);
  }
}

localise(document);
if (location.search.includes("said=")) {
  const kept = new URLSearchParams(location.search);
  kept.delete("said"); // so that it is not said again when the page is loaded again
  history.replaceState(null, "", `${location.pathname}${kept.size ? `?${kept}` : ""}${location.hash}`);
}
