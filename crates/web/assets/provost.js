// The one script of the consoles. Every page works without it; it adds:
//   data-live="URL"      an element with an id: fetched again every 2 s, until the answer's element no longer asks for it
//   data-search="URL"    a form, or a field in one: while one types, fetches URL with the form's fields and takes the
//                        element whose id stands in data-target from the answer
//   data-copy="TEXT"     a button that copies; shown only when this script runs
//   data-check-all="N"   a label with a box that ticks every box with the name N
//   <details class="menu">   closes on Escape and on a click beside it
"use strict";
(() => {
  const LIVE_MS = 2000;
  const LIVE_SLOW_MS = 15000;
  const TYPING_MS = 180;

  document.documentElement.classList.add("has-script");

  // The answer as a document, or null when it is no page of ours. Another path than asked for is the sign-in page.
  async function fetchPage(url, signal) {
    const answer = await fetch(url, { headers: { "X-Provost-Fragment": "1" }, credentials: "same-origin", signal });
    if (answer.redirected && new URL(answer.url).pathname !== new URL(url, location.href).pathname) {
      location.reload();
      return null;
    }
    const isPage = (answer.headers.get("content-type") || "").startsWith("text/html");
    if (!answer.ok || !isPage) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  // The element with this id in the answer. An answer without it is a fragment: its body takes the content's place.
  function replaceFrom(page, element) {
    const found = page.getElementById(element.id);
    if (found && found.isEqualNode(element)) return element;
    const fresh = document.importNode(found || page.body, true);
    const opened = new Set([...element.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent));
    const target = found ? fresh : element.cloneNode(false);
    if (!found) target.append(...fresh.childNodes);
    for (const summary of target.querySelectorAll("details > summary")) {
      if (opened.has(summary.textContent)) summary.parentElement.open = true;
    }
    element.replaceWith(target);
    prepare(target);
    return target;
  }

  // Nothing is replaced under somebody's hands.
  function inUse(element) {
    const selection = getSelection();
    const selecting = selection && !selection.isCollapsed && selection.anchorNode && element.contains(selection.anchorNode);
    return element.contains(document.activeElement) || selecting || element.querySelector("details.menu[open]") !== null;
  }

  function keepLive(element) {
    let wait = LIVE_MS;
    const again = () => setTimeout(refresh, wait);
    async function refresh() {
      if (!element.isConnected || !element.dataset.live) return;
      if (!document.hidden && !inUse(element)) {
        try {
          const page = await fetchPage(element.dataset.live);
          wait = page ? LIVE_MS : LIVE_SLOW_MS;
          if (page && element.isConnected && !inUse(element)) {
            const fresh = replaceFrom(page, element);
            // A new element has been prepared, and with it its own refreshing.
            if (fresh !== element) return;
          }
        } catch {
          wait = LIVE_SLOW_MS;
        }
      }
      again();
    }
    again();
  }

  function searchOnTyping(control) {
    const form = control.form || control;
    let timer;
    let running;
    async function search() {
      const target = document.getElementById(control.dataset.target);
      if (!target) return;
      if (running) running.abort();
      running = new AbortController();
      const fields = [...new FormData(form)].filter(([, value]) => value !== "");
      const url = new URL(control.dataset.search, location.href);
      for (const [name, value] of fields) url.searchParams.set(name, value);
      target.setAttribute("aria-busy", "true");
      try {
        const page = await fetchPage(url, running.signal);
        if (!page) return;
        replaceFrom(page, target);
        if (url.pathname === location.pathname) history.replaceState(null, "", url);
      } catch {
        // A newer search has taken over, or the server is away: the list stays as it is.
      } finally {
        document.getElementById(control.dataset.target)?.removeAttribute("aria-busy");
      }
    }
    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(search, TYPING_MS);
    };
    control.addEventListener("input", soon);
    if (control === form) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        clearTimeout(timer);
        search();
      });
    }
  }

  async function copyText(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    // Plain http to another machine has no clipboard: the old way, through a field of our own.
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    if (!copied) throw new Error("not copied");
  }

  function offerCopy(button) {
    button.hidden = false;
    const label = button.querySelector("span") || button;
    const before = label.textContent;
    button.addEventListener("click", async () => {
      try {
        await copyText(button.dataset.copy);
        label.textContent = button.dataset.copied || "Copied";
      } catch {
        label.textContent = "Select and copy by hand";
      }
      setTimeout(() => (label.textContent = before), 2500);
    });
    label.setAttribute("aria-live", "polite");
  }

  function offerCheckAll(label) {
    label.hidden = false;
    const all = label.querySelector("input");
    const boxes = () => [...document.querySelectorAll('input[type="checkbox"]')].filter((box) => box.name === label.dataset.checkAll);
    all.addEventListener("change", () => boxes().forEach((box) => (box.checked = all.checked)));
  }

  function prepare(root) {
    const all = (selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];
    all("[data-live][id]").forEach(keepLive);
    all("[data-search]").forEach(searchOnTyping);
    all("[data-copy]").forEach(offerCopy);
    all("[data-check-all]").forEach(offerCheckAll);
  }

  function closeMenus(except) {
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!except || !menu.contains(except)) menu.open = false;
    });
  }
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement?.closest?.("details.menu[open]");
    closeMenus(null);
    menu?.querySelector("summary")?.focus();
  });

  // A bar of tabs that is wider than the screen begins at the one that is open.
  document.querySelectorAll(".tabs > [aria-current]").forEach((tab) => {
    const [bar, own] = [tab.parentElement.getBoundingClientRect(), tab.getBoundingClientRect()];
    tab.parentElement.scrollLeft += own.left + own.width / 2 - bar.left - bar.width / 2;
  });

  prepare(document.body);
})();
