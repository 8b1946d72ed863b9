// Small comforts of the pages by which people join and change what they get; everything works without it.
"use strict";

for (const field of document.querySelectorAll("input[data-zone]")) {
  if (!field.value) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
}

// The sentence is the server's: it is asked for anew as choices change, and only the last answer counts.
for (const form of document.querySelectorAll("form[data-sentence]")) {
  const sentence = document.getElementById(form.dataset.sentence);
  let asked = 0;
  let soon;
  const ask = async () => {
    const mine = ++asked;
    try {
      const answer = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (answer.ok && mine === asked) sentence.textContent = await answer.text();
    } catch {
      // The sentence stays as it is; saving tells what holds.
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(soon);
    soon = setTimeout(ask, 150);
  });
}
