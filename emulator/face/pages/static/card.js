/* A CRM card: tabs (an app's tab is loaded on its first click), editing fields in place, the timeline's input bar, the
 * stage bar and the robot's dialog; what is done in the timeline itself is in timeline.js. Every change goes to the portal's server as the person who is signed in. */
(function () {
  "use strict";

  const card = document.querySelector("[data-card]");
  if (!card) return;
  const { entity, id } = JSON.parse(card.dataset.card);
  const url = (action) => `/crm/${entity}/details/${id}/${action}/`;

  /* ---- tabs ---- */

  async function showTab(tab) {
    for (const other of card.querySelectorAll("[role=tab]")) other.setAttribute("aria-selected", String(other === tab));
    for (const panel of card.querySelectorAll("[role=tabpanel]")) panel.hidden = panel.id !== tab.getAttribute("aria-controls");
    const box = document.querySelector(`#${tab.getAttribute("aria-controls")} [data-placement]`);
    if (!box || box.dataset.opened) return;
    box.dataset.opened = "yes";
    await openPlacement(box, box.dataset.placement);
  }

  async function openPlacement(box, binding) {
    const view = await Portal.post("/marketplace/open/", {
      binding: Number(binding),
      options: JSON.parse(box.dataset.options || "{}"),
      uri: window.location.pathname + window.location.search,
    });
    if (view.html) box.innerHTML = view.html;
    else Frames.mount(box, view);
  }

  /* ---- fields in place ---- */

  function controlsOpen() {
    return [...card.querySelectorAll(".field_editing")];
  }

  function edit(field) {
    if (field.classList.contains("field_editing")) return;
    const template = field.querySelector("template");
    if (!template) return;
    field.querySelector(".field__control").replaceChildren(template.content.cloneNode(true));
    field.classList.add("field_editing");
    const first = field.querySelector(".field__control input, .field__control select, .field__control textarea");
    if (first) first.focus();
    bar();
  }

  function cancel() {
    for (const field of controlsOpen()) {
      field.classList.remove("field_editing");
      field.querySelector(".field__control").replaceChildren();
    }
    bar();
  }

  function bar() {
    const footer = card.querySelector(".savebar");
    footer.hidden = !controlsOpen().length;
    footer.querySelector(".savebar__error").textContent = "";
  }

  function valueOf(field) {
    const control = field.querySelector(".field__control");
    const kind = field.dataset.kind;
    if (kind === "boolean") return control.querySelector("input").checked ? "1" : "0";
    if (kind === "multifield") return [...control.querySelectorAll(".multi__row")].map(multiRow);
    if (kind === "requisites") return [...control.querySelectorAll(".rq__row")].map(requisite);
    if (kind === "links") return [...control.querySelectorAll(".chip")].map((chip) => Number(chip.dataset.id));
    const values = [...control.querySelectorAll("input, select, textarea")].map((input) =>
      input.multiple ? [...input.selectedOptions].map((option) => option.value) : input.value,
    );
    if (kind === "money") return values;
    return field.dataset.multiple ? values.flat().filter(Boolean) : values[0];
  }

  function multiRow(row) {
    return {
      ID: row.dataset.id || "",
      VALUE: row.querySelector("input").value,
      VALUE_TYPE: row.querySelector("select").value,
    };
  }

  function requisite(row) {
    const inputs = [...row.querySelectorAll("[data-rq]")].map((input) => [input.dataset.rq, input.value]);
    return { ID: row.dataset.id, PRESET_ID: row.dataset.preset, ...Object.fromEntries(inputs) };
  }

  async function save() {
    const fields = {};
    for (const field of controlsOpen()) fields[field.dataset.field] = valueOf(field);
    const answer = await Portal.post(url("save"), { fields });
    if (answer.error) {
      card.querySelector(".savebar__error").textContent = answer.error;
      return;
    }
    await Portal.refresh();
    cancel();
  }

  /* ---- chips: linked records ---- */

  function chip(id, title) {
    const node = Portal.element("span", "chip", title);
    node.dataset.id = id;
    const drop = Portal.element("button", "chip__drop", "×");
    drop.type = "button";
    drop.setAttribute("aria-label", Portal.word("unlink"));
    node.append(drop);
    return node;
  }

  async function addLink(button) {
    const chips = button.closest(".chips");
    const chosen = await Portal.pick({ kind: "crm", types: [button.dataset.entity], many: false });
    for (const item of chosen) {
      const number = item.id.split("_")[1];
      if (chips.dataset.single) for (const old of chips.querySelectorAll(".chip")) old.remove();
      if (!chips.querySelector(`.chip[data-id="${number}"]`)) button.before(chip(number, item.title));
    }
  }

  async function addPerson(button) {
    const [person] = await Portal.pick({ kind: "user", many: false });
    if (!person) return;
    button.parentElement.querySelector("input").value = person.id;
    button.textContent = person.name;
  }

  function addMultiRow(button) {
    const rows = button.closest(".multi");
    const row = rows.querySelector(".multi__row:last-of-type").cloneNode(true);
    row.dataset.id = "";
    row.querySelector("input").value = "";
    button.before(row);
    row.querySelector("input").focus();
  }

  function addRequisite(button) {
    const row = button.parentElement.querySelector("template").content.cloneNode(true);
    button.before(row);
    button.previousElementSibling.querySelector("[data-rq=INN], [data-rq=NAME]").focus();
  }

  /* ---- timeline ---- */

  async function comment(form) {
    const text = form.elements.comment.value.trim();
    if (!text) return;
    const answer = await Portal.post(url("comment"), { text });
    if (answer.error) Portal.say(answer.error);
    form.reset();
    await Portal.refresh();
  }

  async function moveTo(stage) {
    const answer = await Portal.post(url("save"), { fields: { [stage.dataset.field]: stage.dataset.stage } });
    if (answer.error) Portal.say(answer.error);
    await Portal.refresh();
  }

  async function robot(form) {
    const answer = await Portal.post(url("robot"), { field: form.elements.field.value, value: form.elements.value.value });
    if (answer.error) {
      form.querySelector(".form__error").textContent = answer.error;
      return;
    }
    form.closest("dialog").close();
    Portal.say(Portal.word("robot_done"));
    await Portal.refresh();
  }

  /* ---- wiring: everything is delegated, so refreshed regions need no new handlers ---- */

  card.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    if (hit("[role=tab]")) return showTab(hit("[role=tab]"));
    if (hit("[data-edit-section]")) return hit(".section").querySelectorAll(".field").forEach(edit);
    if (hit("[data-edit]")) return edit(hit(".field"));
    if (hit("[data-save]")) return save();
    if (hit("[data-cancel]")) return cancel();
    if (hit(".chip .chip__drop")) return hit(".chip").remove();
    if (hit("[data-link]")) return addLink(hit("[data-link]"));
    if (hit("[data-person]")) return addPerson(hit("[data-person]"));
    if (hit("[data-drop-rq]")) return hit(".rq__row").remove();
    if (hit("[data-more-rq]")) return addRequisite(hit("[data-more-rq]"));
    if (hit("[data-more]")) return addMultiRow(hit("[data-more]"));
    if (hit("[data-activity]")) return Timeline.deed("complete", hit("[data-activity]").dataset.activity);
    if (hit("[data-press]")) return Timeline.press(hit("[data-press]"));
    if (hit("[data-deed]")) return Timeline.chosen(hit("[data-deed]"));
    if (hit("[data-stage]")) return moveTo(hit("[data-stage]"));
    if (hit("[data-dialog]")) return document.getElementById(hit("[data-dialog]").dataset.dialog).showModal();
    if (hit("[data-close-dialog]")) return hit("dialog").close();
    return undefined;
  });

  card.addEventListener("change", (event) => {
    if (event.target.matches("[data-complete]")) Timeline.deed("complete", event.target.closest("[data-item]").dataset.item);
  });

  card.addEventListener("dblclick", (event) => {
    const field = event.target.closest(".field_editable");
    if (field && !event.target.closest("a")) edit(field);
  });

  card.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && controlsOpen().length) {
      event.stopPropagation();
      cancel();
    }
    if (event.key === "Enter" && event.target.matches(".field_editing input")) {
      event.preventDefault();
      save();
    }
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      const tabs = [...card.querySelectorAll("[role=tab]")];
      const at = tabs.indexOf(event.target);
      if (at >= 0) tabs[(at + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length].focus();
    }
  });

  card.addEventListener("submit", (event) => {
    if (event.target.matches("[data-comment]")) {
      event.preventDefault();
      comment(event.target);
    }
    if (event.target.matches("[data-deadline]")) {
      event.preventDefault();
      Timeline.deadline(event.target);
    }
    if (event.target.matches("[data-robot]")) {
      event.preventDefault();
      robot(event.target);
    }
  });

  function showStage() {
    const bar = card.querySelector(".stages");
    const now = bar && bar.querySelector("[aria-current]");
    if (now) bar.scrollLeft = now.offsetLeft - bar.offsetLeft - bar.clientWidth / 3;
  }

  document.addEventListener("portal:refreshed", showStage);
  showStage();

  const wanted = new URLSearchParams(window.location.search).get("tab");
  const tab = wanted && card.querySelector(`[role=tab][data-tab="${CSS.escape(wanted)}"]`);
  if (tab) showTab(tab);
})();
