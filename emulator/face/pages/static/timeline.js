/* Activities in a card's timeline: done, put off, deleted, pinned; buttons of apps' own cards.
 *
 * A pressed button tells the app and may hold the card ("loader") or itself ("disable") until the app has changed the
 * activity; nothing else lets go of it but loading the page again. */
(function () {
  "use strict";

  const card = document.querySelector("[data-card]");
  if (!card) return;
  const { entity, id } = JSON.parse(card.dataset.card);
  const held = new Map();

  function itemOf(node) {
    return node.closest("[data-item]");
  }

  function ask(action, activity, more) {
    return Portal.post(`/crm/${entity}/details/${id}/${action}/`, { activity: Number(activity), ...more });
  }

  async function deed(action, activity, more) {
    const answer = await ask(action, activity, more);
    if (answer.error) Portal.say(answer.error);
    await Portal.refresh();
  }

  function chosen(button) {
    const { deed: action, by } = button.dataset;
    const activity = itemOf(button).dataset.item;
    return action === "drop" ? confirmDrop(activity) : deed(action, activity, { by });
  }

  function confirmDrop(activity) {
    const dialog = document.getElementById("drop");
    dialog.returnValue = "";
    dialog.addEventListener("close", () => dialog.returnValue === "drop" && deed("drop", activity), { once: true });
    dialog.showModal();
  }

  function deadline(form) {
    form.closest("details").open = false;
    return deed("postpone", itemOf(form).dataset.item, { deadline: form.elements.deadline.value });
  }

  async function press(button) {
    const item = itemOf(button);
    const { press: where, animation } = button.dataset;
    if (animation) held.set(item.dataset.item, { revision: item.dataset.revision, where, animation });
    hold();
    const answer = await ask("press", item.dataset.item, { where });
    if (answer.error) {
      Portal.say(answer.error);
      held.delete(item.dataset.item);
      await Portal.refresh();
    }
    Portal.hurry();
  }

  /* After every refresh of the timeline: what waits for its app stays held, what the app has changed is free. */
  function hold() {
    for (const [activity, { revision, where, animation }] of held) {
      const items = [...card.querySelectorAll(`[data-item="${activity}"]`)];
      if (items.some((item) => item.dataset.revision === revision)) items.forEach((item) => freeze(item, where, animation));
      else held.delete(activity);
    }
  }

  function freeze(item, where, animation) {
    item.dataset.waiting = animation;
    if (animation === "loader") {
      item.inert = true;
      item.setAttribute("aria-busy", "true");
      item.querySelector(".ac__wait").hidden = false;
    } else {
      const button = item.querySelector(`[data-press="${CSS.escape(where)}"]`);
      if (button) button.disabled = true;
    }
  }

  document.addEventListener("portal:refreshed", hold);
  window.Timeline = { deed, chosen, press, deadline };
})();
