/* Kanban: a tile is dragged to another column (or a final stage below), or moved from its menu. */
(function () {
  "use strict";

  const board = document.querySelector("[data-kanban]");
  const { entity, field } = JSON.parse(board.dataset.kanban);
  let dragged = null;

  async function move(tile, stage) {
    tile.classList.add("kb__tile_moving");
    const url = `/crm/${entity}/details/${tile.dataset.record}/save/`;
    const answer = await Portal.post(url, { fields: { [field]: stage } });
    if (answer.error) Portal.say(answer.error);
    await Portal.refresh();
  }

  function over(target) {
    for (const lit of board.querySelectorAll(".kb_over")) if (lit !== target) lit.classList.remove("kb_over");
    if (target) target.classList.add("kb_over");
  }

  function release() {
    over(null);
    board.classList.remove("kb_dragging");
    dragged = null;
  }

  board.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-record]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.record);
    board.classList.add("kb_dragging");
  });
  board.addEventListener("dragover", (event) => {
    const target = dragged && event.target.closest("[data-stage]");
    over(target);
    if (target) event.preventDefault();
  });
  board.addEventListener("drop", (event) => {
    const target = event.target.closest("[data-stage]");
    const tile = dragged;
    event.preventDefault();
    release();
    if (tile && target && target !== tile.closest("[data-stage]")) move(tile, target.dataset.stage);
  });
  board.addEventListener("dragend", release);
  board.addEventListener("click", (event) => {
    const button = event.target.closest("[data-to]");
    if (button) move(button.closest("[data-record]"), button.dataset.to);
  });
})();
