/* A list of contacts or companies: two ticked rows can be merged. */
(function () {
  "use strict";

  const bar = document.querySelector("[data-merge]");
  const counter = bar.querySelector("[data-picked]");
  const button = bar.querySelector("button");
  const picked = () => [...document.querySelectorAll("[data-pick]:checked")].map((box) => box.dataset.pick);

  function show() {
    const count = picked().length;
    bar.hidden = count === 0;
    counter.textContent = counter.dataset.picked.replace("{}", count);
    button.disabled = count !== 2;
    bar.querySelector(".muted").hidden = count === 2;
  }

  document.addEventListener("change", (event) => event.target.matches("[data-pick]") && show());
  document.addEventListener("portal:refreshed", show);
  button.addEventListener("click", () => {
    const query = picked().map((id) => `id=${id}`).join("&");
    Portal.sliders.open(`${bar.dataset.merge}?${query}`, { title: button.textContent });
  });
  show();
})();
