// A line on somebody else's site that says what is wrong, and nothing while all is well:
// <script src="https://status.example.com/embed.js" defer></script>, with data-lang="de" for another language and
// data-always to be there on good days too. It sets no cookie, keeps nothing and tells nobody anything.
"use strict";

(() => {
  const script = document.currentScript;
  if (!script) return;
  const LOOK_EVERY_MS = 60_000;
  const lang = /^[a-z]{2,3}$/.test(script.dataset.lang ?? "") && script.dataset.lang !== "en" ? script.dataset.lang : "";
  const page = new URL(lang ? `${lang}/` : ".", script.src);
  const always = script.hasAttribute("data-always");
  const style = `
    :host { all: initial; }
    div[hidden] { display: none !important; }
    div { position: fixed; z-index: 2147483000; right: 16px; bottom: 16px; max-width: min(360px, calc(100vw - 32px));
      box-sizing: border-box; display: flex; gap: 12px; align-items: start; padding: 12px 16px; border-radius: 8px;
      border: 1px solid #c9cdd8; border-left: 6px solid #bb1a2b; background: #fff; color: #1b1f2e;
      font: 15px/1.45 system-ui, sans-serif; box-shadow: 0 4px 16px rgb(0 0 0 / 20%); overflow-wrap: anywhere; }
    div[data-state="operational"] { border-left-color: #18733f; }
    div[data-state="degraded_performance"] { border-left-color: #855600; }
    div[data-state="partial_outage"] { border-left-color: #ab4508; }
    div[data-state="under_maintenance"] { border-left-color: #1d59b3; }
    a { color: inherit; }
    a:focus-visible, button:focus-visible { outline: 3px solid #1d59b3; outline-offset: 2px; }
    button { flex: none; min-width: 24px; min-height: 24px; padding: 0; border: 0; background: none; color: inherit;
      font: inherit; cursor: pointer; }
    @media (prefers-color-scheme: dark) {
      div { background: #1b1f2e; color: #f2f3f8; border-block-color: #4a5064; border-right-color: #4a5064; }
      a:focus-visible, button:focus-visible { outline-color: #8ab8ff; }
    }`;

  let box; // made where there is something to say for the first time
  let hidden = ""; // what the reader has put away: it comes again once something else is said
  let shown = "";

  function make() {
    const host = document.createElement("tocsin-status");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet(); // a policy against styles in the page does not forbid it
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
    box = document.createElement("div");
    box.setAttribute("role", "status");
    root.append(box);
    document.body.append(host);
  }

  function show(said) {
    const words = [said.sentence, said.doing].filter(Boolean).join(" ");
    const mark = `${said.state} ${words}`;
    if (mark === shown) return;
    if ((said.state === "operational" && !always) || mark === hidden) {
      if (box) box.hidden = true;
      shown = "";
      return;
    }
    if (!box) make();
    const link = document.createElement("a");
    link.href = page.href;
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = words;
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "\u00d7"; // whoever hands this out may not say in which characters it is written
    close.setAttribute("aria-label", said.hide);
    close.addEventListener("click", () => {
      hidden = mark;
      shown = "";
      box.hidden = true;
    });
    box.lang = said.lang;
    box.dataset.state = said.state;
    box.hidden = false;
    box.replaceChildren(link, close);
    shown = mark;
  }

  async function look() {
    if (document.hidden) return;
    try {
      const answer = await fetch(new URL("embed.json", page), { credentials: "omit", referrerPolicy: "no-referrer" });
      if (answer.ok) show(await answer.json());
    } catch {
      // What was said last stays: whoever cannot reach us learns nothing new.
    }
  }

  function begin() {
    look();
    setInterval(look, LOOK_EVERY_MS);
    document.addEventListener("visibilitychange", look);
  }
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
