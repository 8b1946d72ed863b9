// Shows what is pushed to this browser, and opens the page that it speaks of. It answers no requests for pages.
"use strict";

const WORDS = {}; // language → English → that language, put here as the page is written
const TOLD = "tocsin-told"; // for each incident the newest note that came, under /told/<incident>
const MOST_KEPT = 100;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
// One after the other, so that each knows what the one before it has shown.
let turn = Promise.resolve();
self.addEventListener("push", (event) => {
  turn = turn.then(() => take(event)).catch(() => {});
  event.waitUntil(turn);
});
self.addEventListener("notificationclick", (event) => event.waitUntil(open(event)));
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

async function take(event) {
  let note = unreadable();
  try {
    note = event.data.json();
  } catch {
    // whatever it was, a browser wants to see something for every push
  }
  const told = Object.entries(note.told || {});
  const cache = await caches.open(TOLD);
  const known = await Promise.all(told.map(async ([incident]) => (await cache.match(`/told/${incident}`))?.json()));
  const isNew = (version, at) => !known[at] || known[at].told[told[at][0]] < version;
  const fresh = told.length === 0 || told.some(([, version], at) => isNew(version, at));
  const first = told.some((_, at) => !known[at]);
  for (const [at, [incident, version]] of told.entries()) {
    if (isNew(version, at)) await cache.put(`/told/${incident}`, Response.json(note));
  }
  await forgetTheOldest(cache);
  // What came late or twice never takes the place of what is newer, and rings for nobody.
  await show(fresh ? note : known[0], fresh && (note.rings || first));
}

function say(text, language) {
  return WORDS[(language || "en").split("-")[0]]?.[text] || text;
}

function unreadable() {
  const lang = self.navigator.language;
  const body = say("The status page says more.", lang);
  return { title: say("Something changed", lang), body, lang, url: "/", tag: "news", told: {} };
}

async function show(note, rings) {
  const before = await self.registration.getNotifications();
  await self.registration.showNotification(note.title, {
    body: note.body,
    tag: note.tag,
    lang: note.lang,
    timestamp: note.at,
    icon: "/icon-192.png",
    renotify: Boolean(rings),
    silent: !rings,
    data: { url: note.url, stop: note.stop, told: note.told },
    actions: note.stop ? [{ action: "stop", title: say("Stop these", note.lang) }] : [],
  });
  // What it covers goes only now: whoever looks in between sees both, and never nothing.
  const covered = Object.keys(note.told || {});
  for (const shown of before) {
    const about = Object.keys(shown.data?.told || {});
    if (shown.tag !== note.tag && about.length && about.every((one) => covered.includes(one))) shown.close();
  }
}

async function forgetTheOldest(cache) {
  const kept = await cache.keys();
  for (const one of kept.slice(0, Math.max(0, kept.length - MOST_KEPT))) await cache.delete(one);
}

async function open(event) {
  event.notification.close();
  const { url, stop } = event.notification.data || {};
  const wanted = new URL((event.action === "stop" && stop) || url || "/", self.location.origin);
  const target = wanted.origin === self.location.origin ? wanted.href : `${self.location.origin}/`;
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((one) => one.url === target);
  return there ? there.focus() : self.clients.openWindow(target);
}

// The browser gave its subscription up for another one: what this browser chose goes on with that.
async function renew(event) {
  const old = event.oldSubscription;
  const fresh = event.newSubscription || (await subscribeAnew(old));
  await fetch("/subscribe/push", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      subscription: plain(fresh),
      language: self.navigator.language,
      replaces: old ? plain(old) : null,
    }),
  });
}

async function subscribeAnew(old) {
  const key = old?.options?.applicationServerKey || (await (await fetch("/push.json")).json()).key;
  return self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

function plain(subscription) {
  const { endpoint, expirationTime, keys } = subscription.toJSON();
  return { endpoint, expirationTime: expirationTime ?? null, keys: { p256dh: keys.p256dh, auth: keys.auth } };
}
