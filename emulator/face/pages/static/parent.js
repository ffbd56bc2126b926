/* The portal's side of the frame bus: what an app inside an iframe may ask of the page around it.
 *
 * A frame is named "<host>|<0 or 1>|<APP_SID>" and filled by a hidden form. The app speaks to us with
 * parent.postMessage, as text "command:JSON:callback:APP_SID" (JSON left out when there are no parameters) or, when the
 * command itself has a colon, as an object {method, params, callback, appSid}. We answer "callback:JSON", the JSON empty
 * when there is nothing to say. Messages from another origin, with a foreign APP_SID, and commands we do not know or do
 * not allow are ignored without a word. Command reference: sdk/bx24-js-sdk and api-reference/widgets/ui-interaction. */
(function () {
  "use strict";

  const frames = new Map();
  const WIDGET_DENIED = new Set(["reloadWindow"]);
  const RELOADING = /^CRM_[A-Z0-9_]+_(DETAIL_TAB|DETAIL_ACTIVITY|LIST_MENU)$/;
  const OPENABLE =
    /^\/(crm\/(deal|lead|contact|company)\/details\/\d+|crm\/type\/\d+\/details\/\d+|marketplace|company\/personal\/user\/\d+|workgroups\/group\/\d+)\//;

  class AppFrame {
    constructor(box, view) {
      this.box = box;
      this.view = view;
      this.origin = new URL(view.action).origin;
      this.deaf = new Set(view.placement === "DEFAULT" ? [] : WIDGET_DENIED);
      frames.set(view.sid, this);
      this.draw();
    }

    draw() {
      const frame = document.createElement("iframe");
      frame.name = this.view.name;
      frame.title = this.view.title;
      frame.setAttribute("allow", "geolocation *; microphone *; camera *; autoplay *;");
      frame.className = "app-frame__window";
      const form = document.createElement("form");
      form.method = "post";
      form.action = this.view.action;
      form.target = this.view.name;
      form.hidden = true;
      for (const [name, value] of Object.entries(this.view.fields)) {
        const input = document.createElement("input");
        input.type = "hidden";
        input.name = name;
        input.value = value;
        form.append(input);
      }
      frame.addEventListener("load", () => {
        if (this.submitted) this.box.classList.add("app-frame_loaded");
      });
      this.box.replaceChildren(spinner(this.box.dataset.loading), frame, form);
      this.frame = frame;
      this.submitted = true;
      form.submit();
    }

    destroy() {
      frames.delete(this.view.sid);
      this.box.replaceChildren();
    }

    receive(message) {
      const known = Object.hasOwn(COMMANDS, message.method) && COMMANDS[message.method];
      const command = known || placementCommand(this.view.placement, message.method);
      if (!command || this.deaf.has(message.method)) return;
      command(this, message.params, (answer) => this.answer(message.callback, answer));
    }

    answer(callback, value) {
      if (!callback || !this.frame.contentWindow) return;
      const text = value === undefined ? "" : JSON.stringify(value);
      this.frame.contentWindow.postMessage(`${callback}:${text}`, this.origin);
    }

    /* One request to the portal's own server on behalf of this frame. */
    ask(action, more) {
      return Portal.post("/marketplace/frame/", { id: this.view.id, action, ...more });
    }
  }

  function spinner(text) {
    const note = document.createElement("div");
    note.className = "app-frame__loading";
    note.textContent = text || "";
    return note;
  }

  function parse(data) {
    if (typeof data === "string") {
      const parts = data.split(":");
      if (parts.length < 3) return null;
      const json = parts.slice(1, -2).join(":");
      return {
        method: parts[0],
        params: json ? parseJson(json) : {},
        callback: parts[parts.length - 2],
        sid: parts[parts.length - 1],
      };
    }
    if (data && typeof data === "object" && typeof data.method === "string") {
      return { method: data.method, params: data.params || {}, callback: data.callback, sid: data.appSid };
    }
    return null;
  }

  function parseJson(text) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }

  window.addEventListener("message", (event) => {
    const message = parse(event.data);
    const frame = message && frames.get(message.sid);
    if (frame && event.origin === frame.origin) frame.receive(message);
  });

  const COMMANDS = {
    getInitData(frame, params, answer) {
      answer(frame.view.init);
      frame.view.init = { ...frame.view.init, FIRST_RUN: false };
    },

    getInterface(frame, params, answer) {
      answer({ command: RELOADING.test(frame.view.placement) ? ["reloadData"] : [], event: [] });
    },

    async refreshAuth(frame, params, answer) {
      const pair = await frame.ask("access_refresh");
      if (!pair.access_token) {
        Portal.say("Unable to get new token! Reload page, please!");
        return;
      }
      const fresh = { AUTH_ID: pair.access_token, AUTH_EXPIRES: pair.expires_in, REFRESH_ID: pair.refresh_token };
      frame.view.init = { ...frame.view.init, ...fresh };
      answer(fresh);
    },

    resizeWindow(frame, params, answer) {
      const box = frame.box;
      box.style.width = params.width === "100%" ? "100%" : `${parseInt(params.width, 10) || 100}px`;
      const height = parseInt(params.height, 10);
      if (height) box.style.height = `${height}px`;
      const rect = box.getBoundingClientRect();
      answer({ width: rect.width, height: rect.height });
    },

    setTitle(frame, params, answer) {
      const title = document.getElementById("pagetitle");
      if (title) title.textContent = params.title;
      answer(params);
    },

    setScroll(frame, params, answer) {
      if (params.scroll >= 0) window.scrollTo(window.scrollX, parseInt(params.scroll, 10));
      answer(params);
    },

    setUserOption(frame, params, answer) {
      frame.view.init.USER_OPTIONS = { ...frame.view.init.USER_OPTIONS, [params.name]: params.value };
      frame.ask("set_user_option", { name: params.name, value: params.value });
      answer(params);
    },

    async setAppOption(frame, params, answer) {
      if (!frame.view.init.IS_ADMIN) return;
      const options = await frame.ask("set_option", { name: params.name, value: params.value });
      frame.view.init.APP_OPTIONS = options;
      answer(options);
    },

    async setInstall(frame, params, answer) {
      await frame.ask("set_first_run", { install: Boolean(params.install) });
      answer(params);
    },

    async setInstallFinish(frame, params) {
      const done = await frame.ask("set_installed", { value: params.value === false ? "N" : "Y" });
      const url = new URL(window.location.href);
      url.searchParams.set("install_finished", done.result ? "Y" : "N");
      window.location.replace(url);
    },

    reloadWindow() {
      window.location.reload();
    },

    openApplication(frame, params, answer) {
      const options = {};
      const settings = {};
      for (const [name, value] of Object.entries(params || {})) {
        if (name.startsWith("bx24_")) settings[name.slice(5)] = value;
        else options[name] = value;
      }
      const url = new URL(`/marketplace/app/${frame.view.id}/`, window.location.origin);
      if (Object.keys(options).length) url.searchParams.set("PLACEMENT_OPTIONS", JSON.stringify(options));
      Portal.sliders.open(url, { ...settings, onClose: () => answer() });
    },

    closeApplication(frame, params, answer) {
      if (/^\/marketplace\/(app|view)\//.test(Portal.sliders.topPath())) {
        answer();
        Portal.sliders.close();
      }
    },

    openPath(frame, params, answer) {
      const url = safeUrl(typeof params === "string" ? params : params.path);
      if (!url || url.origin !== window.location.origin || !OPENABLE.test(url.pathname)) {
        answer({ result: "error", errorCode: "PATH_NOT_AVAILABLE" });
        return;
      }
      Portal.sliders.open(url, { onClose: () => answer({ result: "close" }) });
    },

    async selectUser(frame, params, answer) {
      const many = Boolean(parseInt(Number(params.mult), 10));
      const chosen = await Portal.pick({ kind: "user", many });
      if (chosen.length) answer(many ? chosen : chosen[0]);
    },

    async selectAccess(frame, params, answer) {
      const chosen = await Portal.pick({ kind: "access", many: true, hidden: params.value || [] });
      if (chosen.length) answer(chosen);
    },

    async selectCRM(frame, params, answer) {
      const types = [].concat(params.entityType || ["lead", "contact", "company", "deal"]);
      const chosen = await Portal.pick({ kind: "crm", types, many: Boolean(params.multiple) });
      const byType = {};
      for (const item of chosen) (byType[item.type] = byType[item.type] || []).push(item);
      if (chosen.length) answer(Object.fromEntries(Object.entries(byType).map(([type, list]) => [type, { ...list }])));
    },

    /* Fire and forget, as in the portal: there is no answer. */
    imCallTo: (frame, params) => Portal.say(Portal.word("call_to", params.userId)),
    imPhoneTo: (frame, params) => Portal.say(Portal.word("call_to", params.phone)),
    imOpenMessenger: (frame, params) => Portal.say(Portal.word("chat_with", params.dialogId || "")),
    imOpenHistory: (frame, params) => Portal.say(Portal.word("chat_with", params.dialogId || "")),

    /* No placement served here raises events of its own, so a subscription has nothing to answer. */
    placementBindEvent() {},
  };

  function placementCommand(placement, name) {
    if (name !== "reloadData" || !RELOADING.test(placement)) return null;
    return async (frame, params, answer) => {
      await Portal.refresh();
      answer();
    };
  }

  function safeUrl(path) {
    try {
      return typeof path === "string" && path.startsWith("/") ? new URL(path, window.location.origin) : null;
    } catch {
      return null;
    }
  }

  function mount(box, view) {
    return new AppFrame(box, view);
  }

  for (const box of document.querySelectorAll("[data-frame]")) mount(box, JSON.parse(box.dataset.frame));
  window.Frames = { mount, bySid: (sid) => frames.get(sid) };
})();
