/* Settings of a card's layout: lines move within and between sections, or to the list of hidden fields. */
(function () {
  "use strict";

  const box = document.querySelector("[data-layout]");
  const hidden = box.querySelector(".lay__hidden ul");
  const parts = () => [...box.querySelectorAll("[data-part]")];

  function move(line, way) {
    const next = way === "up" ? line.previousElementSibling : line.nextElementSibling;
    const here = parts().indexOf(line.closest("[data-part]"));
    const other = parts()[here + (way === "up" ? -1 : 1)];
    if (next) next[way === "up" ? "before" : "after"](line);
    else if (other && way === "up") other.querySelector("ul").append(line);
    else if (other) other.querySelector("ul").prepend(line);
    line.querySelector(`[data-move=${way}]`).focus();
  }

  function addPart() {
    const part = box.querySelector("template").content.cloneNode(true).querySelector("[data-part]");
    part.dataset.part = `user_${Date.now().toString(36)}`;
    parts().at(-1).after(part);
    part.querySelector("input").select();
  }

  function element(line) {
    const made = { name: line.dataset.name, optionFlags: line.querySelector("input").checked ? 1 : 0 };
    return line.dataset.options ? { ...made, options: JSON.parse(line.dataset.options) } : made;
  }

  function data() {
    return parts().map((part) => ({
      name: part.dataset.part,
      title: part.querySelector(".lay__title").value.trim(),
      type: "section",
      elements: [...part.querySelectorAll(".lay__line")].map(element),
    }));
  }

  async function send(body) {
    const answer = await Portal.post(`${box.dataset.cardUrl}layout/`, { scope: box.dataset.layout, ...body });
    if (answer.error) box.querySelector(".savebar__error").textContent = answer.error;
    else if (window.top !== window) Portal.sliders.close();
    else window.location.assign(box.dataset.cardUrl);
  }

  box.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const line = button.closest(".lay__line");
    const has = (name) => name in button.dataset;
    if (has("move")) move(line, button.dataset.move);
    if (has("hide")) hidden.prepend(line);
    if (has("show")) parts().at(-1).querySelector("ul").append(line);
    if (has("addPart")) addPart();
    if (has("saveLayout")) send({ data: data() });
    if (has("resetLayout")) send({ reset: true });
    if (has("forceLayout")) send({ force: true });
    if (has("scope")) {
      const url = new URL(window.location.href);
      url.searchParams.set("scope", button.dataset.scope);
      window.location.replace(url);
    }
  });
})();
