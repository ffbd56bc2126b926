/* What every page of the portal shares: calls to its own server, side panels, notes, menus, the chooser of people and
 * CRM records, and refreshing parts of a page without touching the app frames on it. */
(function () {
  "use strict";

  const words = JSON.parse(document.getElementById("words").textContent);

  function word(key, value) {
    return words[key].replace("{}", value === undefined ? "" : value);
  }

  async function post(url, data) {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(data),
    });
    return answer.json();
  }

  function element(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  /* A short note at the lower edge; reading time grows with its length. */
  function say(text) {
    const note = element("div", "toast", text);
    note.setAttribute("role", "status");
    document.body.append(note);
    setTimeout(() => note.remove(), 4000 + 50 * text.length);
  }

  /* Regions of the page are fetched again and swapped one by one; what lies outside them stays as it is. */
  async function refresh() {
    const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) {
      say(word("refresh_failed"));
      return;
    }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const region of document.querySelectorAll("[data-region]")) {
      const next = fresh.querySelector(`[data-region="${region.dataset.region}"]`);
      if (next) region.replaceWith(document.importNode(next, true));
    }
    document.dispatchEvent(new CustomEvent("portal:refreshed"));
  }

  /* Side panels live in the outermost portal page, so that a panel may open another one over itself. */
  class Sliders {
    constructor() {
      this.open_ones = [];
    }

    open(address, settings) {
      const url = new URL(address, window.location.origin);
      url.searchParams.set("IFRAME", "Y");
      url.searchParams.set("IFRAME_TYPE", "SIDE_SLIDER");
      const layer = element("div", "slider");
      const panel = element("div", "slider__panel");
      const close = element("button", "slider__close");
      const frame = element("iframe", "slider__frame");
      close.type = "button";
      close.setAttribute("aria-label", word("close"));
      close.addEventListener("click", () => this.close());
      layer.addEventListener("click", (event) => event.target === layer && this.close());
      if (Number(settings.width) > 0) panel.style.maxWidth = `${Number(settings.width)}px`;
      if (Number(settings.leftBoundary) >= 0) panel.style.width = `calc(100% - ${Number(settings.leftBoundary)}px)`;
      frame.title = settings.title || word("panel");
      frame.src = url;
      const label = settings.label && settings.label.text ? element("span", "slider__label", settings.label.text) : "";
      panel.append(close, label, frame);
      layer.append(panel);
      panel.setAttribute("role", "dialog");
      panel.setAttribute("aria-label", frame.title);
      document.body.append(layer);
      document.body.classList.add("under-slider");
      frame.focus();
      this.open_ones.push({ layer, frame, url, title: document.title, onClose: settings.onClose });
      if (settings.title) document.title = settings.title;
    }

    topPath() {
      const last = this.open_ones.at(-1);
      return last ? last.url.pathname : "";
    }

    close() {
      const last = this.open_ones.pop();
      if (!last) return;
      last.layer.remove();
      document.title = last.title;
      if (!this.open_ones.length) document.body.classList.remove("under-slider");
      if (last.onClose) last.onClose();
      this.refreshBelow();
    }

    refreshBelow() {
      const below = this.open_ones.at(-1);
      const page = below ? below.frame.contentWindow.Portal : window.Portal;
      if (page) page.refresh();
    }
  }

  function sharedSliders() {
    try {
      if (window.top !== window && window.top.location.origin === window.location.origin && window.top.Portal) {
        return window.top.Portal.sliders;
      }
    } catch {
      /* The outermost page is somebody else's: our own panels then. */
    }
    return new Sliders();
  }

  /* A dialog that searches people or records and gives the chosen ones; an empty list when it was closed. */
  function pick(question) {
    return new Promise((resolve) => {
      const dialog = element("dialog", "picker");
      const chosen = new Map();
      const search = element("input", "input");
      search.type = "search";
      search.placeholder = word("search");
      const list = element("div", "picker__list");
      const bar = element("div", "picker__bar");
      const done = element("button", "button button_primary", word("choose"));
      const cancel = element("button", "button", word("cancel"));
      bar.append(...(question.many ? [done, cancel] : [cancel]));
      dialog.append(element("h2", "picker__title", word(`pick_${question.kind}`)), search, list, bar);
      done.addEventListener("click", () => dialog.close("done"));
      cancel.addEventListener("click", () => dialog.close("cancel"));

      async function show() {
        const found = await post("/_pick/", { ...question, query: search.value });
        list.replaceChildren(
          ...found.map((item) => {
            const row = element("button", "picker__row");
            row.type = "button";
            row.append(element("b", "", item.shown), element("span", "muted", item.note || ""));
            row.setAttribute("aria-pressed", String(chosen.has(item.shown)));
            row.addEventListener("click", () => {
              if (chosen.delete(item.shown)) row.setAttribute("aria-pressed", "false");
              else {
                chosen.set(item.shown, item.value);
                row.setAttribute("aria-pressed", "true");
              }
              if (!question.many) dialog.close("done");
            });
            return row;
          }),
        );
      }

      search.addEventListener("input", show);
      dialog.addEventListener("close", () => {
        dialog.remove();
        resolve(dialog.returnValue === "done" ? [...chosen.values()] : []);
      });
      document.body.append(dialog);
      dialog.showModal();
      show();
    });
  }

  /* One open menu at a time; a click elsewhere or Escape closes it. */
  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
  }

  document.addEventListener("click", (event) => {
    closeMenus(event.target.closest("details.menu"));
    const opener = event.target.closest("[data-slider]");
    if (opener && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      const { title, width, left } = opener.dataset;
      Portal.sliders.open(opener.dataset.slider || opener.href, { title, width, leftBoundary: left });
    }
    if (event.target.closest("button.menu__item, a.menu__item")) closeMenus();
    const drawer = event.target.closest("[data-drawer]");
    if (drawer) document.body.classList.toggle("drawer-open");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    if (document.querySelector("details.menu[open]")) closeMenus();
    else Portal.sliders.close();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
  });

  /* Changes made elsewhere show by themselves, unless somebody is editing here or another page lies on top. */
  const PULSE = 2500;
  const HURRY = 400;
  let beat = 0;

  /* Somebody waits for an answer: look soon, and keep looking often while anything on the page says so. */
  function hurry() {
    clearTimeout(beat);
    beat = setTimeout(pulse, HURRY);
  }

  function busy() {
    return document.hidden || document.querySelector(".field_editing, dialog[open], details.menu[open], .slider, .kb_dragging");
  }

  async function pulse() {
    try {
      const answer = busy() ? null : await fetch(`/_pulse/?path=${encodeURIComponent(window.location.pathname)}`);
      const { stamp } = answer && answer.ok ? await answer.json() : {};
      if (stamp && stamp !== document.body.dataset.stamp && !busy()) {
        document.body.dataset.stamp = stamp;
        await refresh();
      }
    } catch {
      /* The portal is away for a moment: the next beat asks again. */
    }
    beat = setTimeout(pulse, document.querySelector("[data-waiting]") ? HURRY : PULSE);
  }

  if (document.body.dataset.stamp) beat = setTimeout(pulse, PULSE);

  window.Portal = { post, say, word, refresh, pick, element, hurry };
  window.Portal.sliders = sharedSliders();
})();
