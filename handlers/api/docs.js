SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#api",
  deepLinking: false, // a link inside of a button is neither to a screen reader
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null,
});

// names and keys that the viewer leaves out
const NAMES = { "#servers": "Server", ".examples-select-element": "Example", ".content-type": "Media type" };
new MutationObserver(() => {
  for (const [selector, name] of Object.entries(NAMES)) {
    for (const one of document.querySelectorAll(`${selector}:not([aria-label])`)) one.setAttribute("aria-label", name);
  }
  const scrolled = ".microlight, .renderedMarkdown pre, .responses-inner, .table-container";
  for (const one of document.querySelectorAll(scrolled)) {
    one.tabIndex = one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight ? 0 : -1;
  }
}).observe(document.getElementById("api"), { childList: true, subtree: true });
