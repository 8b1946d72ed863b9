// One tap, and this browser is notified; another, and it is not. What cannot be done is said in words.
"use strict";

(() => {
  const REMEMBERED = "tocsin-push";
  const OFFER = say("Notify this browser");
  const STATES = {
    off: [say("Hear of changes on this device, even when this page is closed."), OFFER],
    on: [say("This browser is notified when something changes."), say("Stop notifying it")],
    lost: [say("Notifications to this browser have run out: it let its subscription go."), say("Notify this browser again")],
    blocked: [
      say(
        "This browser blocks notifications from here. Allow them in its settings for this site, then load the page again.",
      ),
    ],
    closed: [say("The browser’s question was closed, so nothing changed."), OFFER],
    phone: [
      say("On an iPhone or iPad, add this page to the Home Screen (Share, then Add to Home Screen) and open it there."),
    ],
    insecure: [say("Browsers take notifications from pages over https alone, and this one is not.")],
    unable: [say("This browser cannot take notifications from a page.")],
    away: [say("We could not be reached, so nothing changed. Try again in a minute."), OFFER],
    often: [say("That was asked too often from where you are. Try again in a quarter of an hour."), OFFER],
    refused: [
      say("This browser’s own push service gave no answer, so nothing changed. It may be switched off."),
      OFFER,
    ],
    working: [say("One moment …")],
  };

  function plain(subscription) {
    const { endpoint, expirationTime, keys } = subscription.toJSON();
    return { endpoint, expirationTime: expirationTime ?? null, keys: { p256dh: keys.p256dh, auth: keys.auth } };
  }

  function post(path, body) {
    return fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(15000),
    });
  }

  function remember(value) {
    try {
      if (value) localStorage.setItem(REMEMBERED, value);
      else localStorage.removeItem(REMEMBERED);
    } catch {
      // a browser that keeps nothing forgets that it was subscribed, and no more
    }
  }

  function remembers() {
    try {
      return Boolean(localStorage.getItem(REMEMBERED));
    } catch {
      return false;
    }
  }

  function keyOf(subscription) {
    const raw = subscription.options && subscription.options.applicationServerKey;
    if (!raw) return "";
    const text = btoa(String.fromCharCode(...new Uint8Array(raw)));
    return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  async function subscription() {
    const registration = await navigator.serviceWorker.getRegistration("/");
    return registration ? registration.pushManager.getSubscription() : null;
  }

  async function end() {
    const ours = await subscription();
    remember("");
    if (!ours) return;
    // Once the browser has let it go nothing reaches it, whether we can be told so or not.
    await ours.unsubscribe();
    await post("/subscribe/push/end", { subscription: plain(ours) }).catch(() => {});
  }

  const isAble = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

  // The page that stops everything was perhaps opened from a notification of this very browser.
  async function endWhereItIs(stopped) {
    const ours = await subscription();
    if (!ours) return;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(ours.endpoint)));
    const known = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (known === stopped) await end();
  }
  const stopped = document.querySelector("[data-push-stopped]");
  if (stopped && isAble) endWhereItIs(stopped.dataset.pushStopped).catch(() => {});

  const box = document.getElementById("notify");
  if (!box) return;
  const words = box.querySelector("p");
  const button = box.querySelector("button");
  const key = box.dataset.key;
  let state = "off";

  function show(next) {
    state = next;
    const [text, label] = STATES[next];
    words.textContent = text;
    button.disabled = next === "working";
    box.dataset.state = next;
    if (next === "working") return; // it goes on saying what was tapped
    button.hidden = !label;
    button.textContent = label || "";
  }

  function whyNot() {
    if (!window.isSecureContext) return "insecure";
    const isApple = /iPhone|iPad/.test(navigator.userAgent) || (/Mac/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);
    return isApple ? "phone" : "unable";
  }

  // Who reads the page in another language than English chose that one.
  function wanted() {
    if (language === "en") return navigator.language;
    return navigator.languages.find((one) => one.split("-")[0] === language) || language;
  }

  async function begin() {
    const permission = await Notification.requestPermission();
    if (permission !== "granted") return permission === "denied" ? "blocked" : "closed";
    await navigator.serviceWorker.register("/sw.js");
    const registration = await navigator.serviceWorker.ready;
    let made = await registration.pushManager.getSubscription();
    if (made && keyOf(made) && keyOf(made) !== key) {
      await made.unsubscribe();
      made = null;
    }
    try {
      made = made || (await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
    } catch {
      return "refused";
    }
    const answer = await post("/subscribe/push", { subscription: plain(made), language: wanted() }).catch(() => null);
    if (!answer || !answer.ok) {
      await made.unsubscribe(); // nobody would write to it
      return answer && answer.status === 429 ? "often" : "away";
    }
    remember("on");
    return "on";
  }

  async function tap() {
    const wasOn = state === "on";
    show("working");
    try {
      if (wasOn) await end();
      show(wasOn ? "off" : await begin());
    } catch {
      show(wasOn ? "on" : "away");
    }
    if (!button.hidden) button.focus({ preventScroll: true });
  }

  async function look() {
    if (!isAble) return whyNot();
    if (Notification.permission === "denied") return "blocked";
    const ours = await subscription();
    if (ours && (!keyOf(ours) || keyOf(ours) === key)) return "on";
    return ours || remembers() ? "lost" : "off";
  }

  button.addEventListener("click", tap);
  look().then(show, () => show("unable"));
})();
