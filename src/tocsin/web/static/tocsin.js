// Enhances what the server made: times in the reader's own zone, and pages that stay current without a reload.
// Everything works without it.
"use strict";

const language = document.documentElement.lang || "en";
const locale = language === "en" ? "en-GB" : language;
const translated = JSON.parse(document.documentElement.dataset.words || "{}");

// Says `text` in the language of the page, which brings the words, with its places filled: {time}.
function say(text, values = {}) {
  return (translated[text] || text).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// The same words as the server's.
function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (!hours) return `${minutes} min`;
  return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
}

function relative(seconds) {
  if (Math.abs(seconds) < 60) return seconds > 0 ? say("in a moment") : say("just now");
  const days = Math.trunc(seconds / 86400);
  if (Math.abs(days) >= 2) return new Intl.RelativeTimeFormat(locale).format(days, "day");
  const length = { duration: duration(Math.abs(seconds)) };
  return seconds > 0 ? say("in {duration}", length) : say("{duration} ago", length);
}

const forms = {
  clock: { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" },
  moment: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" },
};
// A promise says besides how long that is: with the zone too it would not fit into the lines that are kept for it.
forms.promise = { ...forms.moment, timeZoneName: undefined };

function tellTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const seconds = (at - Date.now()) / 1000;
    const form = forms[time.dataset.form];
    time.title = at.toLocaleString(locale, { dateStyle: "full", timeStyle: "long" });
    let text = form ? at.toLocaleString(locale, form) : relative(seconds);
    if (time.dataset.form === "clock" && at.toDateString() !== new Date().toDateString()) {
      text = at.toLocaleString(locale, time.hasAttribute("data-promise") ? forms.promise : forms.moment);
    }
    if (time.hasAttribute("data-promise")) {
      const when = seconds > 0 || seconds < -60 ? relative(seconds) : say("now");
      text += ` (${when})`;
    }
    if (time.textContent !== text) time.textContent = text;
  }
}

// Makes `old` like `fresh` by touching only what differs, so that focus, selection and opened details stay.
function become(old, fresh) {
  if (old.dataset && "kept" in old.dataset) return; // a script of its own says what stands there
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(old.tagName === "DETAILS" && name === "open")) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (old.tagName === "TIME" || old.isEqualNode(fresh)) return;
  const wanted = [...fresh.childNodes];
  const keyed = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  wanted.forEach((node, index) => {
    let here = old.childNodes[index];
    const same = node.id && keyed.get(node.id);
    if (same && same !== here) {
      old.insertBefore(same, here || null);
      here = same;
    }
    if (!here) old.appendChild(added(node));
    else if (here.nodeType === 3 && node.nodeType === 3) {
      if (here.data !== node.data) here.data = node.data;
    } else if (here.nodeName === node.nodeName && (here.id || "") === (node.id || "")) become(here, node);
    else if (node.id) old.insertBefore(added(node), here);
    else old.replaceChild(node, here);
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
}

function added(node) {
  if (node.classList && node.id) node.classList.add("fresh");
  return node;
}

let seen = null;

async function refresh(main) {
  const answer = await fetch(location.href, { cache: "no-cache", headers: { "X-Live": "1" } });
  if (answer.redirected) return location.reload();
  if (!answer.ok) throw new Error(answer.status);
  const etag = answer.headers.get("etag");
  if (etag && etag === seen) return undefined;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("main");
  if (!fresh || page.body.className !== document.body.className) return location.reload();
  tellTimes(fresh);
  become(main, fresh);
  document.title = page.title;
  seen = etag;
  tellTimes(main);
  return undefined;
}

function stayCurrent(main) {
  let lost = null;
  const stale = document.getElementById("stale");
  const again = () => setTimeout(turn, 1000 * Number(main.dataset.live || 30));
  async function turn() {
    if (!document.hidden && main.dataset.live) {
      try {
        await refresh(main);
        lost = null;
      } catch {
        lost = lost || new Date();
      }
      if (stale) {
        const time = lost && lost.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
        stale.textContent = lost ? say("No connection since {time}; this may be out of date.", { time }) : "";
      }
    }
    again();
  }
  again();
}

tellTimes(document);
setInterval(() => tellTimes(document), 15000);
const main = document.querySelector("main[data-live]");
if (main) stayCurrent(main);
