/* The control door: a button posts its switch with what the choices at the top add to it. */
(function () {
  "use strict";

  const DAY = 86400000;
  const choices = document.querySelector(".sw__choices");
  const said = document.querySelector(".sw__said");
  const app = () => choices.elements.app.selectedOptions[0];

  function say(text, failed) {
    said.hidden = false;
    said.textContent = text;
    said.classList.toggle("sw__said_bad", failed);
  }

  function week() {
    const start = new Date(choices.dataset.now);
    return { from: start.toISOString(), to: new Date(start.getTime() + 7 * DAY).toISOString() };
  }

  function added(need) {
    const value = (name) => choices.elements[name].value.trim();
    const [kind, what] = need.split(":");
    switch (kind) {
      case "portal": return { portal: choices.dataset.portal };
      case "app": return { app: value("app") };
      case "market": return { app: value("market") };
      case "user": return { user: Number(value("user")) };
      case "method": return { method: value("method") };
      case "times": return { times: Number(value("times")) };
      case "cost": return { operating_cost: { [value("method") || "crm.item.list"]: 100 } };
      case "host": return { host: value("host") };
      case "week": return week();
      case "url": return { url: JSON.parse(app().dataset.urls)[what] };
      case "other": return app().dataset.other ? { other_portal: app().dataset.other } : {};
      default: return {};
    }
  }

  /* Which differences are on stays to be seen: one turned on an hour ago is nobody's riddle. */
  function mark(setTo) {
    for (const button of document.querySelectorAll(".sw__button[aria-pressed]")) {
      const wanted = Object.entries(JSON.parse(button.dataset.body));
      const on = wanted.every(([name, value]) => JSON.stringify(setTo[name]) === JSON.stringify(value));
      button.setAttribute("aria-pressed", on);
    }
  }

  async function press(button) {
    const body = JSON.parse(button.dataset.body);
    const off = button.getAttribute("aria-pressed") === "true";
    if (off) for (const name of Object.keys(body)) body[name] = false;
    for (const need of button.dataset.needs.split(" ").filter(Boolean)) Object.assign(body, added(need));
    const answer = await fetch(`/_control/${button.dataset.action}`, { method: "POST", body: JSON.stringify(body) });
    const found = await answer.json();
    const differs = answer.ok && button.dataset.action === "differences";
    if (differs) mark(found[choices.dataset.portal]);
    const plain = Object.entries(differs ? {} : found).filter(([, value]) => value !== true);
    const details = plain.map(([name, value]) => `${name}: ${value}`);
    const told = answer.ok ? choices.dataset[off ? "undone" : "done"] : choices.dataset.failed;
    say([`${button.textContent}. ${told}`, ...details].join(" · "), !answer.ok);
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".sw__button");
    if (!button) return;
    button.disabled = true;
    try {
      await press(button);
    } catch (error) {
      say(`${button.textContent}. ${choices.dataset.failed} · ${error.message}`, true);
    }
    button.disabled = false;
  });
})();
