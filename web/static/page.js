// The script of the pages. Every page works without it; each part below improves what it finds and does nothing where that is missing.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const policy = globalThis.trustedTypes?.createPolicy("nelke", { createHTML: (html) => html });

const CONTROL = "input:not([type=hidden]), select, textarea";

/** Reports whether a control holds something else than what the server put there. */
function changed(control) {
  if (control.matches("select")) {
    const options = [...control.options];
    return control.selectedIndex !== Math.max(0, options.findIndex((option) => option.defaultSelected));
  }
  if (control.matches("[type=checkbox], [type=radio]")) return control.checked !== control.defaultChecked;
  return control.value !== control.defaultValue;
}

// Announcements

const PAUSE = 3000; // ms between two announcements; what comes meanwhile is announced together
const MOST = 5; // texts in one announcement; the newest are kept

let waiting = [];
let pause = 0;

/** Puts a text into the page's polite live region #live, which screen readers read out. */
function announce(text) {
  waiting.push(text);
  if (!pause) speak();
}

function speak() {
  pause = 0;
  const region = document.getElementById("live");
  if (!region || !waiting.length) return;
  region.textContent = waiting.slice(-MOST).join(" ");
  waiting = [];
  pause = setTimeout(speak, PAUSE);
}

// Live parts: <div data-live="address"> follows server-sent events of that address. The data of a message is HTML: each element of it
// takes the place of the one with the same id in the document, and a text in a data-announce attribute is announced. The event "end"
// ends it for good. The event "reload" loads the page anew, or shows [data-reload-note] where the person has typed something.

/** Reports whether two nodes stand for the same thing: they are of one kind, and have the same id or the same first id inside. */
function alike(a, b) {
  const key = (node) => node.id || node.querySelector?.("[id]")?.id || "";
  return a.nodeName === b.nodeName && key(a) === key(b);
}

function updateAttributes(node, fresh) {
  for (const { name } of [...node.attributes]) {
    // What a person has opened stays open, and what has the focus can keep it.
    if (fresh.hasAttribute(name) || name === "open" || (name === "tabindex" && node === document.activeElement)) continue;
    node.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
}

/** Makes a node equal to a fresh one, and changes only what differs. */
function update(node, fresh) {
  if (node.isEqualNode(fresh)) return;
  if (!alike(node, fresh)) return node.replaceWith(fresh);
  if (!node.attributes) {
    node.data = fresh.data;
    return;
  }
  updateAttributes(node, fresh);
  let at = node.firstChild;
  for (const child of [...fresh.childNodes]) {
    let match = at;
    while (match && !alike(match, child)) match = match.nextSibling;
    if (!match) {
      node.insertBefore(child, at);
      continue;
    }
    while (at !== match) at = removed(at);
    at = match.nextSibling;
    update(match, child);
  }
  while (at) at = removed(at);
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

/** Notes what the person typed and chose in an element, and returns a function that puts it back by the controls' ids. */
function keepTyped(element) {
  const typed = all(CONTROL, element)
    .filter((control) => control.id && changed(control))
    .map(({ id, value, checked }) => ({ id, value, checked }));
  return () => {
    for (const { id, value, checked } of typed) {
      const control = document.getElementById(id);
      if (control?.matches("[type=checkbox], [type=radio]")) control.checked = checked;
      else if (control && control.type !== "file") control.value = value;
    }
  };
}

/** Notes what has the focus, and returns a function that gives it back: to what has its id then, or else to what it was in. */
function keepFocus() {
  const active = document.activeElement;
  const ids = [];
  for (let e = active; e && e !== document.body; e = e.parentElement) if (e.id) ids.push(e.id);
  const { type, selectionStart, selectionEnd, selectionDirection } = active ?? {};
  return () => {
    if (active === document.activeElement) return;
    const next = ids.map((id) => document.getElementById(id)).find((e) => e && focused(e));
    if (next && next.type === type && typeof selectionStart === "number") {
      next.setSelectionRange(selectionStart, selectionEnd, selectionDirection);
    }
  };
}

/** Gives the focus to an element, also to one that is no control any more, and reports whether it has it. */
function focused(element) {
  element.focus({ preventScroll: true });
  if (document.activeElement !== element) {
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
  }
  return document.activeElement === element;
}

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = policy ? policy.createHTML(html) : html;
  return template.content;
}

/** Puts the newest elements of fragments in the places of those with their ids. last has the HTML of each as it came before. */
function apply(fragments, last) {
  const said = new Set(all("[data-announce]").map((e) => e.dataset.announce));
  const newest = new Map();
  const texts = [];
  for (const html of fragments) {
    const fragment = parsed(html);
    for (const element of fragment.children) if (element.id) newest.set(element.id, element);
    texts.push(...all("[data-announce]", fragment).map((e) => e.dataset.announce));
  }
  const focus = keepFocus();
  for (const [id, fresh] of newest) {
    const element = document.getElementById(id);
    const html = fresh.outerHTML;
    if (!element || last.get(id) === html) continue;
    last.set(id, html);
    const typed = keepTyped(element);
    update(element, fresh);
    typed();
  }
  focus();
  enhance();
  for (const text of texts) if (text && !said.has(text)) announce(text);
}

const FIRST_WAIT = 1000; // ms before the first attempt to connect again; each further one waits twice as long
const LONGEST_WAIT = 60000;

class Live {
  #element;
  #source;
  #timer = 0;
  #wait = FIRST_WAIT;
  #ended = false;
  #last = new Map();
  #waiting = [];

  constructor(element) {
    this.#element = element;
  }

  open() {
    if (this.#source || this.#ended || document.hidden || !this.#element.isConnected) return;
    clearTimeout(this.#timer);
    const source = new EventSource(this.#element.dataset.live);
    this.#source = source;
    source.onmessage = (event) => {
      this.#wait = FIRST_WAIT;
      // What comes between two frames is shown at once.
      if (!this.#waiting.length) requestAnimationFrame(() => apply(this.#waiting.splice(0), this.#last));
      this.#waiting.push(event.data);
    };
    source.addEventListener("end", () => {
      this.#ended = true;
      this.close();
    });
    source.addEventListener("reload", () => reload());
    source.onerror = () => {
      this.close();
      // Half of the wait is random, so that the browsers that a restart cut off don't come back all at once.
      this.#timer = setTimeout(() => this.open(), this.#wait * (0.5 + Math.random() / 2));
      this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
    };
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }
}

function reload() {
  if (!all(CONTROL).some(changed)) {
    location.reload();
    return;
  }
  for (const note of all("[data-reload-note]")) note.hidden = false;
}

/** Follows all live parts while the page is seen. A page out of sight would keep one of the browser's few connections. */
function follow() {
  const lives = all("[data-live]").map((element) => new Live(element));
  const open = () => lives.forEach((live) => live.open());
  const close = () => lives.forEach((live) => live.close());
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
}

// Countdowns: <span data-seconds="540"> shows the time that is left, in the words of its attributes: data-left before it, and
// data-minute, data-minutes, data-second and data-second-words after the numbers. A progress element in the same .countdown follows.
// Two minutes and one minute before the end the time is announced. At the end the page data-then is loaded; or, where data-send is the
// id of a form, that form is sent, so that what was typed arrives.

const countdowns = new WeakMap();

function inWords(seconds, { left = "", minute = "", minutes = "", second, secondWords = "" }) {
  const [m, s] = [Math.floor(seconds / 60), seconds % 60];
  const parts = [left];
  if (m) parts.push(m, m === 1 ? minute : minutes);
  if (s || !m) parts.push(s, s === 1 ? (second ?? secondWords) : secondWords);
  return parts.filter((part) => part !== "").join(" ");
}

/** Returns the state of a countdown, which begins when its seconds are first seen. The browser's clock may be wrong or be set. */
function begun(element) {
  const given = element.dataset.seconds;
  let state = countdowns.get(element);
  if (state?.given !== given) {
    state = { given, end: performance.now() + 1000 * Math.max(1, Number(given)), before: 0 };
    countdowns.set(element, state);
  }
  return state;
}

/** Shows what is left, and returns the milliseconds until it has to be shown anew. */
function countdown(element) {
  const state = begun(element);
  const rest = Math.max(0, state.end - performance.now());
  const seconds = Math.ceil(rest / 1000);
  const text = inWords(seconds, element.dataset);
  if (element.textContent !== text) element.textContent = text;
  const bar = element.closest(".countdown")?.querySelector("progress");
  if (bar) {
    bar.hidden = false;
    bar.value = seconds;
  }
  if ([60, 120].some((mark) => seconds <= mark && state.before > mark)) announce(text);
  state.before = seconds;
  if (seconds === 0 && !state.over) {
    state.over = true;
    over(element);
  }
  return rest % 1000 || 1000;
}

function over(element) {
  const form = document.getElementById(element.dataset.send);
  if (form) {
    if (element.dataset.then) form.action = element.dataset.then; // where what was typed is shown, and nothing more
    form.submit();
  } else if (element.dataset.then) location.replace(element.dataset.then);
}

let timer = 0;

function tick() {
  clearTimeout(timer);
  const waits = all("[data-seconds]").map(countdown);
  if (waits.length) timer = setTimeout(tick, Math.min(...waits));
}

// Dependent fields: <div data-when="/sendTo" data-is="OTHER ABROAD"> is shown while a control of the form named "/sendTo" has one of
// the values, which are separated by spaces. The controls of a hidden one are disabled, so that they aren't sent.

function depend() {
  for (const element of all("[data-when][data-is]")) {
    const form = element.closest("form");
    if (!form) continue;
    const values = new FormData(form).getAll(element.dataset.when);
    element.hidden = !element.dataset.is.split(" ").some((value) => values.includes(value));
    for (const control of all("input, select, textarea, button", element)) {
      control.disabled = Boolean(control.closest("[data-when][hidden]"));
    }
  }
}

// Copying: <button data-copy="id" data-done="Copied" hidden> copies the text of the element with the id.

const SHOWN = 4000; // ms that a button says that the text is copied

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  try {
    await navigator.clipboard.writeText((source.matches(CONTROL) ? source.value : source.textContent).trim());
  } catch {
    getSelection().selectAllChildren(source); // the browser refuses: the person can copy what is selected
    return;
  }
  const label = button.querySelector(".kern-label") ?? button;
  const { done } = button.dataset;
  if (!done || label.textContent === done) return;
  const before = label.textContent;
  label.textContent = done;
  announce(done);
  setTimeout(() => (label.textContent = before), SHOWN);
}

// The link that opens a case carries its key in the fragment, which browsers send to no server: #k= and 43 characters of base64url.
// <form data-resume> gets it in the field whose name the attribute gives, or else in its first field, and is sent; with data-ask the details
// around it are opened instead.

function resume() {
  const form = document.querySelector("form[data-resume]");
  const key = /^#k=([\w-]{43})$/.exec(location.hash)?.[1];
  if (!key) return;
  history.replaceState(null, "", location.pathname + location.search);
  if (!form) return;
  const field = form.elements[form.dataset.resume] ?? form.querySelector(CONTROL);
  field.value = key;
  if (form.hasAttribute("data-ask")) form.closest("details").open = true; // another case is open here: the person decides
  else form.requestSubmit();
}

// Time zones: <p data-zone="Europe/Berlin" hidden> is shown where the browser's time differs from the zone's now.

function compareZones() {
  const now = new Date();
  for (const element of all("[data-zone]")) {
    element.hidden = now.toLocaleString("en", { timeZone: element.dataset.zone }) === now.toLocaleString("en");
  }
}

// Error summaries: [data-summary] takes the focus when the page is loaded, and its links lead into the fields.

function summarise() {
  document.querySelector("[data-summary]")?.focus();
}

function toField(event) {
  const link = event.target.closest("[data-summary] a[href^='#']");
  const target = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  const field = target && (target.matches(CONTROL) ? target : target.querySelector(CONTROL));
  if (!field) return;
  event.preventDefault();
  (target.closest(".kern-form-input, fieldset") ?? target).scrollIntoView();
  field.focus({ preventScroll: true });
}

// The page

/** Does what the elements at hand need; again after a live part has changed. */
function enhance() {
  depend();
  compareZones();
  tick();
  if (navigator.clipboard) for (const button of all("[data-copy]")) button.hidden = false;
}

document.addEventListener("input", depend);
document.addEventListener("change", depend);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  toField(event);
});
// A form that is sent twice does no harm, so its buttons stay as they are.
document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented) event.target.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const form of all("form[aria-busy]")) form.removeAttribute("aria-busy");
  depend(); // the browser has put back what was chosen before
});
addEventListener("hashchange", resume);

enhance();
summarise();
resume();
follow();
