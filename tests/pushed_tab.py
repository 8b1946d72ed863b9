"""A tab whose browser has subscribed to a practice push service, and its service worker as the service reaches it."""

from __future__ import annotations

import json
from typing import Any

from playwright.async_api import BrowserContext, Page, Worker

# Hands out the subscription of a practice browser, and remembers it as a browser does; all else is the browser's own.
SUBSCRIBES = """
(given) => {
  const kept = () => JSON.parse(localStorage.getItem("stub") || "null");
  const made = (one, key) => one && {
    options: { applicationServerKey: Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")),
      (letter) => letter.charCodeAt(0)).buffer },
    endpoint: one.endpoint,
    toJSON: () => one,
    unsubscribe: async () => { localStorage.removeItem("stub"); return true; },
  };
  PushManager.prototype.subscribe = async function (options) {
    if (!options.userVisibleOnly) throw new Error("userVisibleOnly");
    localStorage.setItem("stub", JSON.stringify({ one: given, key: options.applicationServerKey }));
    return made(given, options.applicationServerKey);
  };
  PushManager.prototype.getSubscription = async () => kept() && made(kept().one, kept().key);
}
"""


async def hands_out(context: BrowserContext, given: dict[str, Any]) -> None:
    await context.add_init_script(f"({SUBSCRIBES})({json.dumps(given)})")


class Delivered:
    """The service worker of a tab, and what it shows."""

    def __init__(self, tab: Page, origin: str) -> None:
        self._tab = tab
        self._origin = origin
        self._registration = ""

    async def push(self, data: str) -> None:
        session = await self._tab.context.new_cdp_session(self._tab)
        found: list[dict[str, Any]] = []

        def note(told: dict[str, list[dict[str, Any]]]) -> None:
            found.extend(told["registrations"])

        session.on("ServiceWorker.workerRegistrationUpdated", note)
        await session.send("ServiceWorker.enable")
        while not found:
            await self._tab.wait_for_timeout(20)
        registration = next(one for one in found if not one.get("isDeleted"))
        told = {"origin": self._origin, "registrationId": registration["registrationId"], "data": data}
        await session.send("ServiceWorker.deliverPushMessage", told)
        await session.detach()

    async def shows(self, *titles: str) -> dict[str, Any]:
        """Wait until just these are shown, and return the first of them."""
        found: dict[str, dict[str, Any]] = {}
        for _ in range(400):
            found = {one["title"]: one for one in await self._notifications()}
            if found.keys() == set(titles):
                return found[titles[0]]
            await self._tab.wait_for_timeout(50)
        raise AssertionError(f"It shows {sorted(found)}, and not {sorted(titles)}.")

    async def _notifications(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._tab.evaluate(
            """async () => {
              const registration = await navigator.serviceWorker.ready;
              const shown = await registration.getNotifications();
              return shown.map(({title, body, tag, lang, silent, data}) => ({title, body, tag, lang, silent, data}));
            }"""
        )
        return found


async def worker_of(tab: Page, site: str) -> Worker:
    """Return the service worker of `site`, as its page registers it."""
    await tab.goto(f"{site}/")
    async with tab.context.expect_event("serviceworker") as found:
        await tab.evaluate("navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)")
    return await found.value


async def tap_on(worker: Worker, data: dict[str, Any], action: str = "") -> str:
    """Tap on a notification with `data`; return what is opened, which a browser does for a real finger alone."""
    opened: str = await worker.evaluate(
        """([data, action]) => new Promise((done) => {
          self.clients.openWindow = async (url) => done(url);
          self.clients.matchAll = async () => [];
          const notification = { close() {}, data };
          self.dispatchEvent(Object.assign(new ExtendableEvent("notificationclick"), { notification, action }));
        })""",
        [data, action],
    )
    return opened


async def change_subscription(worker: Worker, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Do what a browser does that gives its subscription up for another one, and wait until it was told."""
    await worker.evaluate(
        """([old, fresh]) => new Promise((done, failed) => {
          const event = new ExtendableEvent("pushsubscriptionchange");
          event.waitUntil = (work) => work.then(done, failed);
          const made = (one) => ({ toJSON: () => one });
          self.dispatchEvent(Object.assign(event, { oldSubscription: made(old), newSubscription: made(fresh) }));
        })""",
        [old, new],
    )
