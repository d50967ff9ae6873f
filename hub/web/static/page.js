// Keeps a page up to date by server-sent events. Everything works without it.
"use strict";

(() => {
  const content = document.getElementById("content");
  const live = document.getElementById("live");
  const search = document.getElementById("q");

  // What was opened, and what has the focus, stays so when the content is replaced: both are found
  // again by what they say.
  const name = (node) => node.tagName + ":" + (node.getAttribute("href") || node.getAttribute("aria-label") || node.textContent).trim();
  const replace = (html) => {
    const open = new Set([...content.querySelectorAll("details[open]")].map((d) => name(d.closest("li") || d)));
    const active = content.contains(document.activeElement) && document.activeElement !== content ? name(document.activeElement) : "";
    content.innerHTML = html;
    for (const d of content.querySelectorAll("details")) {
      d.open = open.has(name(d.closest("li") || d));
    }
    if (active) {
      for (const node of content.querySelectorAll("a, summary, [tabindex]")) {
        if (name(node) === active) {
          node.focus({ preventScroll: true });
          break;
        }
      }
    }
  };

  let source;
  const connect = () => {
    source = new EventSource(location.pathname + location.search);
    source.onopen = () => { live.textContent = "Live"; };
    source.onerror = () => { live.textContent = "Not live: the page shows how it was"; };
    source.onmessage = (event) => {
      if (String(window.getSelection())) {
        return; // somebody is about to copy something
      }
      replace(event.data);
    };
  };
  // A page that nobody sees costs the hub nothing.
  const watch = () => {
    if (document.hidden) {
      source?.close();
      source = undefined;
    } else if (!source) {
      connect();
    }
  };
  document.addEventListener("visibilitychange", watch);
  watch();

  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });
})();
