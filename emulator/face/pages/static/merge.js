/* The main card is chosen: its values light up, and the form names winner and loser. */
(function () {
  "use strict";

  const form = document.querySelector("[data-merging]");
  const [first, second] = form.querySelectorAll("[name=winner]");

  function show() {
    form.querySelector("table").className = `mg mg_${first.checked ? "a" : "b"}`;
    form.elements.loser.value = first.checked ? second.value : first.value;
  }

  form.addEventListener("change", show);
  show();
})();
