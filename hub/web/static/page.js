// Keeps a page up to date by server-sent events. Everything works without it.
"use strict";

(() => {
  const content = document.getElementById("content");
  const live = document.getElementById("live");
  const search = document.getElementById("q");

  // A node that is alike is changed where it differs, and not replaced: what has the focus, is open,
  // scrolled or selected stays so. data-key tells which one of a list a node is.
  const keyOf = (node) => node.id || node.dataset?.key || "";
  const change = (from, to) => {
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.data !== to.data) {
        from.data = to.data;
      }
      return;
    }
    for (const { name } of [...from.attributes]) {
      if (name !== "open" && !to.hasAttribute(name)) {
        from.removeAttribute(name);
      }
    }
    for (const { name, value } of to.attributes) {
      if (from.getAttribute(name) !== value) {
        from.setAttribute(name, value);
      }
    }
    changeChildren(from, to);
  };
  const changeChildren = (from, to) => {
    const wanted = new Set([...to.childNodes].map(keyOf));
    const keyed = new Map();
    for (const node of [...from.childNodes]) {
      const key = keyOf(node);
      if (key && !wanted.has(key)) {
        node.remove();
      } else if (key) {
        keyed.set(key, node);
      }
    }
    let at = from.firstChild;
    for (const node of [...to.childNodes]) {
      const key = keyOf(node);
      const same = key ? keyed.get(key) : at && !keyOf(at) && at.nodeName === node.nodeName ? at : null;
      if (!same) {
        from.insertBefore(node, at);
        continue;
      }
      keyed.delete(key);
      if (same !== at) {
        from.insertBefore(same, at);
      }
      change(same, node);
      at = same.nextSibling;
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  };
  const show = (html) => {
    const page = document.createElement("template");
    page.innerHTML = html;
    const active = document.activeElement;
    changeChildren(content, page.content);
    if (document.activeElement !== active && content.contains(active)) {
      active.focus({ preventScroll: true }); // it was moved
    }
  };

  let source;
  const connect = () => {
    source = new EventSource(location.pathname + location.search);
    source.onopen = () => { live.textContent = "Live"; };
    source.onmessage = (event) => show(event.data);
    source.onerror = () => {
      live.textContent = "Not live: the page shows how it was";
      if (source?.readyState === EventSource.CLOSED) { // refused, since too many look
        source = undefined;
        setTimeout(watch, 60_000);
      }
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
