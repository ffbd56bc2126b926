/* Robots on stages: a choice of a stage's menu opens its dialog with the stage filled in. */
(function () {
  "use strict";

  document.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add]");
    if (add) {
      const dialog = document.getElementById(add.dataset.add);
      dialog.querySelector("[name=stage]").value = add.dataset.stageId;
      dialog.showModal();
    }
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  });
})();
