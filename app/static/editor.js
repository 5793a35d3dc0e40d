// The editor, made pleasant: everything it does can also be done without it.
const form = document.getElementById("editor");
const body = form.elements.body;
const $ = (id) => document.getElementById(id);
const token = () => form.elements.csrf_token.value;
const state = { code: form.dataset.code, changed: false, sent: "", saving: null, previewed: null };

function fields(more = {}) {
  const data = new FormData();
  data.set("csrf_token", token());
  for (const [name, value] of Object.entries(more)) data.set(name, value);
  return data;
}

async function ask(address, data) {
  const answer = await fetch(address, { method: "POST", body: data, headers: { Accept: "application/json" } });
  const result = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(result.error || "ทำรายการนี้ไม่สำเร็จ โปรดลองอีกครั้ง");
  return result;
}

// What went wrong stays until the next try; what the preview warns of has a list of its own.
function tell(lines) {
  $("troubles").hidden = !lines.length;
  $("troubles").replaceChildren(...lines.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

function complain(error) { tell([error.message]); }

// --- text -------------------------------------------------------------------------------------------------------------

// insertText keeps the browser's own undo; where it is missing the text is set directly.
function put(start, end, text, from = start + text.length, to = from) {
  body.focus();
  body.setSelectionRange(start, end);
  const done = text === "" ? document.execCommand("delete") : document.execCommand("insertText", false, text);
  if (!done && start !== end + text.length) body.setRangeText(text, start, end, "end");
  body.setSelectionRange(from, to);
  touched();
}

function wrap(mark) {
  const { selectionStart: a, selectionEnd: b, value } = body;
  const stars = /\**$/.exec(value.slice(0, a))[0].length;
  const on = mark === "*" ? stars === 1 || stars === 3 : value.slice(a - mark.length, a) === mark;
  if (a !== b && on && value.slice(b, b + mark.length) === mark) {
    put(a - mark.length, b + mark.length, value.slice(a, b), a - mark.length, b - mark.length);
    return;
  }
  const inside = value.slice(a, b) || "ข้อความ";
  put(a, b, mark + inside + mark, a + mark.length, a + mark.length + inside.length);
}

const MARK = /^(\s*)(- \[[ xX]\] |[-*+] |\d+\. |> |#{1,6} )?/;

function prefix(mark) {
  const { selectionStart: a, selectionEnd: b, value } = body;
  const start = value.lastIndexOf("\n", a - 1) + 1;
  const lines = value.slice(start, b).split("\n");
  const kind = (text) => (text || "").replace(/\d+/, "1").replace(/x/i, " ");
  const on = lines.every((line) => kind(MARK.exec(line)[2]) === mark);
  const text = lines.map((line, n) => {
    const [whole, indent] = MARK.exec(line);
    return indent + (on ? "" : mark === "1. " ? `${n + 1}. ` : mark) + line.slice(whole.length);
  }).join("\n");
  put(start, b, text);
}

// A dialog takes the caret away: where it was is remembered before one opens.
let caret = null;
function holdCaret() { caret = state.entered ? [body.selectionStart, body.selectionEnd] : null; }
body.addEventListener("focus", () => { state.entered = true; });

function insert(text) {
  // Who has not been in the text yet means its end.
  const there = state.entered ? [body.selectionStart, body.selectionEnd] : [body.value.length, body.value.length];
  const [start, end] = caret || there;
  caret = null;
  const blocks = text.includes("\n");
  const before = start && body.value[start - 1] !== "\n" && blocks ? "\n\n" : "";
  const after = blocks && end < body.value.length && !/^\n\n/.test(text.slice(-1) + body.value.slice(end, end + 2)) ? "\n".repeat(text.endsWith("\n") ? 1 : 2) : "";
  put(start, end, before + text + after);
}

// Enter goes on with a list, and ends it on an empty item; Tab walks through a table.
function onEnter(event) {
  const { selectionStart: a, selectionEnd: b, value } = body;
  if (a !== b || event.isComposing) return;
  const start = value.lastIndexOf("\n", a - 1) + 1;
  const line = value.slice(start, a);
  const found = /^(\s*)(- \[[ xX]\] |[-*+] |> |(\d+)\. )(.*)$/.exec(line);
  if (!found) return;
  event.preventDefault();
  if (!found[4].trim()) put(start, a, "\n");  // An empty line ends the list: else the next sentence would join it.
  else put(a, a, "\n" + found[1] + (found[3] ? `${Number(found[3]) + 1}. ` : found[2].replace(/\[[xX]\]/, "[ ]")));
}

function onTab(event) {
  const { selectionStart: a, value } = body;
  const start = value.lastIndexOf("\n", a - 1) + 1;
  const stop = value.indexOf("\n", a) < 0 ? value.length : value.indexOf("\n", a);
  if (!value.slice(start, stop).startsWith("|")) return;
  event.preventDefault();
  let next = value.indexOf("|", a);
  if (next >= 0 && next + 1 >= stop) next = value[stop + 1] === "|" ? stop + 1 : -1;
  while (next >= 0 && /^\|[-:| ]+\|?$/.test(value.slice(value.lastIndexOf("\n", next) + 1, (value.indexOf("\n", next) + 1 || value.length + 1) - 1))) {
    const after = value.indexOf("\n", next);
    next = after >= 0 && value[after + 1] === "|" ? after + 1 : -1;
  }
  if (next < 0) {
    const cells = value.slice(start, stop).split("|").length - 2;
    put(stop, stop, "\n|" + "  |".repeat(cells), stop + 3);
    return;
  }
  const close = value.indexOf("|", next + 1);
  const cell = close < 0 ? "" : value.slice(next + 1, close);
  const from = next + 1 + (cell.length - cell.trimStart().length || 1);
  body.setSelectionRange(Math.min(from, close), Math.min(from, close) + cell.trim().length);
}

function table() {
  const dialog = $("ask-table");
  dialog.onclose = () => {
    if (dialog.returnValue !== "ok") { caret = null; return; }
    const columns = Math.min(10, Math.max(1, Number($("table-columns").value) || 3));
    const rows = Math.min(50, Math.max(1, Number($("table-rows").value) || 3));
    const line = (cell) => "|" + ` ${cell} |`.repeat(columns);
    insert([line("หัวข้อ"), "|" + "---|".repeat(columns), ...Array(rows).fill(line(" "))].join("\n") + "\n");
  };
  dialog.returnValue = "";
  holdCaret();
  dialog.showModal();
}

function link() {
  const { selectionStart: a, selectionEnd: b, value } = body;
  const shown = value.slice(a, b);
  if (/^https?:\/\//.test(shown)) put(a, b, `[ข้อความ](${shown})`, a + 1, a + 8);
  else if (shown) put(a, b, `[${shown}](https://)`, b + 3, b + 11);
  else put(a, b, "[[");
}

// --- picking articles and people ----------------------------------------------------------------------------------------

const picker = $("picker");
let picking = null;

async function offer() {
  const before = body.value.slice(Math.max(0, body.selectionStart - 120), body.selectionStart);
  const title = /\[\[([^\[\]\n|]{1,80})$/.exec(before);
  const person = title ? null : /(?:^|[^0-9A-Za-z._-])@([^\s@[\]()]{1,40}(?: [^\s@[\]()]{0,40})?)$/.exec(before);
  const found = title || person;
  if (!found) return hidePicker();
  const mine = { kind: title ? "title" : "people", text: found[1], start: body.selectionStart - found[1].length };
  picking = mine;
  const answer = await fetch(`${form.dataset.suggest}?kind=${mine.kind}&q=${encodeURIComponent(mine.text)}`).catch(() => null);
  const choices = answer?.ok ? await answer.json() : [];
  if (picking !== mine) return;
  if (!choices.length) return hidePicker();
  picker.replaceChildren(...choices.map((choice, n) => {
    const item = document.createElement("li");
    item.role = "option";
    item.id = `pick-${n}`;
    item.dataset.value = choice.value;
    item.setAttribute("aria-selected", String(n === 0));
    item.textContent = choice.value;
    if (choice.about) item.append(Object.assign(document.createElement("small"), { textContent: choice.about }));
    return item;
  }));
  picker.hidden = false;
  picker.style.top = `${body.offsetTop + Math.min(body.offsetHeight - 20, Math.max(30, caretBottom() - body.scrollTop + 6))}px`;
  body.setAttribute("aria-activedescendant", "pick-0");
}

// How far below the top of the text the caret's line ends: a copy of the text is measured, wrapped lines and all.
function caretBottom() {
  const look = getComputedStyle(body);
  const copy = document.createElement("div");
  for (const name of ["font", "lineHeight", "letterSpacing", "padding", "border", "boxSizing", "overflowWrap"]) copy.style[name] = look[name];
  Object.assign(copy.style, { position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap", width: `${body.clientWidth}px` });
  copy.textContent = body.value.slice(0, body.selectionStart) + "\u200b";
  body.parentElement.append(copy);
  const height = copy.offsetHeight;
  copy.remove();
  return height;
}

function hidePicker() {
  picking = null;
  picker.hidden = true;
  body.removeAttribute("aria-activedescendant");
}

function pick(value) {
  const { kind, start, text } = picking;
  const end = body.selectionStart;
  // The caret may have wandered off since: then nothing is replaced.
  if (body.value.slice(start, end) !== text) return hidePicker();
  const closing = kind === "title" && body.value.slice(end, end + 2) !== "]]" ? "]]" : kind === "people" ? " " : "";
  hidePicker();
  put(start, end, value + closing);
}

function onPickerKey(event) {
  if (picker.hidden) return false;
  const items = [...picker.children];
  const now = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "Escape") hidePicker();
  else if (event.key === "Enter" || event.key === "Tab") pick(items[now].dataset.value);
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const next = (now + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length;
    items[now].setAttribute("aria-selected", "false");
    items[next].setAttribute("aria-selected", "true");
    items[next].scrollIntoView({ block: "nearest" });
    body.setAttribute("aria-activedescendant", items[next].id);
  } else {
    if (/^(Arrow|Home|End|Page)/.test(event.key)) hidePicker();
    return false;
  }
  event.preventDefault();
  return true;
}

body.addEventListener("click", hidePicker);
picker.addEventListener("mousedown", (event) => {
  event.preventDefault();
  const item = event.target.closest("li");
  if (item) pick(item.dataset.value);
});

// --- preview, checklist, length ---------------------------------------------------------------------------------------

let waiting = 0;

async function preview() {
  const mine = (state.previewed = {});
  const data = fields({ body: body.value, code: state.code, template: form.elements.template.value });
  let result;
  try { result = await ask(form.dataset.preview, data); } catch (error) { result = { problem: error.message }; }
  if (state.previewed !== mine) return;
  const place = $("preview");
  if (result.html === undefined) { place.textContent = result.problem; return; }
  place.innerHTML = result.html || "<p>ยังไม่มีเนื้อหา</p>";
  $("count").textContent = `${result.words.toLocaleString("th-TH")} คำ · อ่านราว ${result.minutes} นาที`;
  $("warnings").hidden = !result.warnings.length;
  $("warnings").replaceChildren(...result.warnings.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  result.sections.forEach((one, n) => $("checklist").querySelectorAll("li")[n]?.classList.toggle("done", one.filled));
  follow();
}

function follow() {
  const room = body.scrollHeight - body.clientHeight;
  const place = $("preview");
  if (room > 0) place.scrollTop = (body.scrollTop / room) * (place.scrollHeight - place.clientHeight);
}

// --- keeping what is typed ----------------------------------------------------------------------------------------------

const shelf = () => `khlang:${state.code || location.pathname + location.search}`;
const names = ["title", "body", "category", "tags", "visibility", "group_id", "summary", "review_due_on", "co_authors", "series", "series_number", "version", "template"];
const typed = () => Object.fromEntries(names.filter((name) => form.elements[name]).map((name) => [name, form.elements[name].value]));

function touched() {
  state.changed = true;
  clearTimeout(waiting);
  waiting = setTimeout(preview, 350);
}

async function autosave(alive = false) {
  const text = JSON.stringify(typed());
  const news = state.changed && text !== state.sent;
  if (!news && !(alive && state.code)) return;
  const data = fields({ code: state.code, training: form.elements.training.value });
  if (news) {
    data.set("changed", "1");
    for (const [name, value] of Object.entries(typed())) data.set(name, value);
  }
  try {
    const result = await ask(form.dataset.autosave, data);
    if (news) {
      state.sent = text;
      localStorage.removeItem(shelf());
      $("saved").textContent = `สำรองไว้แล้ว ${new Date().toLocaleTimeString("th-TH", { hour: "2-digit", minute: "2-digit" })} น.`;
    }
    $("offline").hidden = true;
    showOthers(result);
  } catch (error) {
    if (news) {
      try { localStorage.setItem(shelf(), text); } catch { /* A full or forbidden store: the page itself still holds the text. */ }
      const away = error instanceof TypeError || !navigator.onLine;
      $("offline").textContent = away ? "ต่อเครือข่ายไม่ได้ ข้อความเก็บไว้ในเครื่องนี้แล้ว จะส่งเองเมื่อต่อได้"
        : `สำรองไว้ที่เครื่องแม่ข่ายไม่ได้ ข้อความเก็บไว้ในเครื่องนี้แล้ว ${error.message} ถ้าออกจากระบบไปแล้ว ให้เปิดแท็บใหม่เข้าสู่ระบบ แล้วกลับมาหน้านี้`;
      $("offline").hidden = false;
    }
  }
}

function showOthers(result) {
  const line = $("presence");
  const newer = state.code && result.version > Number(form.elements.version.value);
  line.hidden = !result.others.length && !newer;
  line.querySelector("span").textContent = result.others.join(", ") || "คนอื่น (บันทึกไปแล้ว)";
}

// What this machine kept goes to the server, whose page then offers it with what differs; without a network it waits on.
async function handInShelf() {
  if (new URLSearchParams(location.search).has("saved")) {
    localStorage.removeItem(shelf());
    history.replaceState(null, "", location.pathname);
    return;
  }
  let kept = null;
  try { kept = JSON.parse(localStorage.getItem(shelf()) || "null"); } catch { kept = null; }
  if (!kept) return;
  if (kept.body !== body.value) {
    const data = fields({ code: state.code, training: form.elements.training.value, changed: "1" });
    for (const name of names) data.set(name, kept[name] || "");
    try { await ask(form.dataset.autosave, data); } catch { return; }
  }
  localStorage.removeItem(shelf());
  if (kept.body !== body.value) location.reload();
}

// --- files --------------------------------------------------------------------------------------------------------------

// A file needs an article to belong to: what is typed so far becomes a draft first.
async function ensureDraft() {
  if (state.code) return;
  const data = new FormData(form);
  data.set("act", "draft");
  if (!data.get("title")) data.set("title", "ร่างยังไม่มีชื่อ");
  data.delete("document");
  const made = await ask(form.dataset.new, data);
  adopt(made);
}

function adopt(made) {
  localStorage.removeItem(shelf());
  state.code = form.dataset.code = made.code;
  form.elements.version.value = made.version ?? 1;
  if (!form.elements.title.value) form.elements.title.value = "ร่างยังไม่มีชื่อ";
  form.action = made.edit || `/articles/${encodeURIComponent(made.code)}/edit`;
  history.replaceState(null, "", form.action);
}

function send(file, alt, bar) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/articles/${encodeURIComponent(state.code)}/files`);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = (event.loaded / event.total) * 100; };
    request.onerror = () => reject(new Error("ส่งไฟล์ไม่สำเร็จ โปรดตรวจเครือข่ายแล้วลองอีกครั้ง"));
    request.onload = () => {
      let result = {};
      try { result = JSON.parse(request.responseText); } catch { result = {}; }
      if (request.status < 300 && result.markdown) resolve(result);
      else reject(new Error(result.error || "แนบไฟล์ไม่สำเร็จ"));
    };
    request.send(fields({ file, alt }));
  });
}

function askAlt(file) {
  if (!file.type.startsWith("image/")) return Promise.resolve("");
  const dialog = $("ask-alt");
  $("alt-text").value = "";
  dialog.returnValue = "none";
  holdCaret();
  dialog.showModal();
  return new Promise((resolve) => { dialog.onclose = () => resolve(dialog.returnValue === "ok" ? $("alt-text").value : ""); });
}

async function attach(files) {
  tell([]);
  for (const file of files) {
    try {
      if (/\.docx$/i.test(file.name) && body.value.trim().length < 40) { await bring(file); continue; }
      const alt = await askAlt(file);
      await ensureDraft();
      const bar = document.createElement("progress");
      bar.max = 100;
      $("status").append(bar);
      try { insert((await send(file, alt, bar)).markdown + "\n"); } finally { bar.remove(); }
    } catch (error) { complain(error); }
  }
}

async function bring(file) {
  const data = fields({ document: file, code: state.code, training: form.elements.training.value });
  if (!state.code) for (const [name, value] of Object.entries(typed())) if (name !== "version") data.set(name, value);
  $("saved").textContent = "กำลังอ่านไฟล์…";
  tell([]);
  try {
    const read = await ask(form.dataset.import, data);
    if (!state.code) adopt(read);
    review(read);
  } catch (error) { complain(error); } finally { $("saved").textContent = ""; }
}

function review(read) {
  const dialog = $("ask-import");
  dialog.querySelector("h2").textContent = read.check ? "ตรวจทานข้อความ" : "ข้อความจากไฟล์";
  const lines = read.report.length ? read.report : ["นำเข้าได้ครบ ไม่มีส่วนใดตกหล่น"];
  $("import-report").replaceChildren(...lines.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
  $("import-text").value = read.markdown;
  $("import-text").setSelectionRange(0, 0);
  dialog.onclose = () => {
    if (!dialog.returnValue) { caret = null; return; }
    const text = $("import-text").value;
    // The file's own title goes to the title when there is none yet; else it stays as a heading, never lost.
    const untitled = read.title && /^(ร่างยังไม่มีชื่อ)?$/.test(form.elements.title.value);
    if (untitled) form.elements.title.value = read.title;
    const whole = read.title && !untitled ? `## ${read.title}\n\n${text}` : text;
    if (dialog.returnValue === "replace") put(0, body.value.length, whole);
    else insert(whole + "\n");
    body.setSelectionRange(0, 0);
    body.scrollTop = 0;
  };
  dialog.returnValue = "";
  holdCaret();
  dialog.showModal();
}

async function onPaste(event) {
  const clip = event.clipboardData;
  const files = [...(clip?.files || [])];
  const html = clip?.getData("text/html") || "";
  const plain = clip?.getData("text/plain") || "";
  const shaped = /<(table|h[1-6]|ul|ol|strong|b|em|a)[\s>]|mso-list/i.test(html) && (plain.trim() || !files.length);
  if (shaped) {
    event.preventDefault();
    holdCaret();
    const held = caret;
    let text = plain;
    try {
      const read = await ask(form.dataset.paste, fields({ html }));
      text = read.markdown;
      tell(read.report);
    } catch (error) { complain(error); }
    caret = held;
    insert(text);
  } else if (files.length) {
    event.preventDefault();
    attach(files);
  }
}

function dropped(event) {
  const files = [...(event.dataTransfer?.files || [])];
  if (!files.length) return;
  event.preventDefault();
  document.querySelector(".editor").classList.remove("dropping");
  const [first] = files;
  if (files.length === 1 && /\.(docx|doc)$/i.test(first.name)) bring(first);
  else attach(files);
}

// --- wiring -----------------------------------------------------------------------------------------------------------

const bar = form.querySelector(".toolbar");
const acts = { table, link, image: () => $("camera").click(), import: () => $("document").click() };
bar.hidden = false;
bar.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.wrap) wrap(button.dataset.wrap);
  else if (button.dataset.line) prefix(button.dataset.line);
  else acts[button.dataset.act]();
});
$("camera").addEventListener("change", () => { attach([...$("camera").files]); $("camera").value = ""; });
$("document").addEventListener("change", async () => { await bring($("document").files[0]); $("document").value = ""; });
$("import-form").querySelector("button").hidden = true;
document.querySelector(".no-script")?.remove();
$("open-preview").parentElement.hidden = true;

body.addEventListener("keydown", (event) => {
  if (onPickerKey(event)) return;
  if (event.key === "Enter" && !event.shiftKey) return onEnter(event);
  if (event.key === "Tab" && !event.shiftKey) return onTab(event);
  if (!(event.ctrlKey || event.metaKey)) return;
  // By the place of the key: under a Thai layout its letter is another.
  const place = event.code;
  if (place === "KeyB") wrap("**");
  else if (place === "KeyI") wrap("*");
  else if (place === "KeyK") link();
  else if (event.shiftKey && place === "Digit8") prefix("- ");
  else if (event.shiftKey && place === "Digit7") prefix("1. ");
  else if (event.altKey && place === "Digit2") prefix("## ");
  else if (place === "KeyS") form.querySelector("button[value=draft]").click();
  else return;
  event.preventDefault();
});
body.addEventListener("input", offer);
body.addEventListener("blur", () => setTimeout(hidePicker, 150));
body.addEventListener("scroll", follow);
body.addEventListener("paste", onPaste);
for (const place of [body, $("preview-pane")]) {
  place.addEventListener("dragover", (event) => { event.preventDefault(); document.querySelector(".editor").classList.add("dropping"); });
  place.addEventListener("dragleave", () => document.querySelector(".editor").classList.remove("dropping"));
  place.addEventListener("drop", dropped);
}
form.addEventListener("input", touched);
// Kept in this machine until a page after the editor says that the save went well (app.js).
form.addEventListener("submit", () => {
  if (state.changed && JSON.stringify(typed()) !== state.sent) {
    try { localStorage.setItem(shelf(), JSON.stringify(typed())); } catch { /* A full store: the browser still asks. */ }
  }
  try { sessionStorage.setItem("khlang-sent", shelf()); } catch { /* Then it is offered once too often. */ }
  state.changed = false;
});
addEventListener("beforeunload", (event) => {
  const text = JSON.stringify(typed());
  if (!state.changed || text === state.sent) return;
  event.preventDefault();
  try { localStorage.setItem(shelf(), text); } catch { /* The question itself is all that can be done. */ }
});

const tabs = document.querySelector(".tabs");
tabs.hidden = false;
tabs.addEventListener("click", (event) => {
  const chosen = event.target.closest("button");
  if (!chosen) return;
  document.querySelector(".editor").dataset.showing = chosen.dataset.pane;
  for (const one of tabs.children) one.setAttribute("aria-selected", String(one === chosen));
});

const checked = new Set(form.dataset.checked.split("\n").filter(Boolean));
function sayWhatPublishDoes() {
  const label = $("publish").querySelector("span");
  label.dataset.plain ??= label.textContent;
  label.textContent = checked.has(form.elements.category.value.trim()) ? "ส่งตรวจก่อนเผยแพร่" : label.dataset.plain;
}
form.elements.category.addEventListener("input", sayWhatPublishDoes);
sayWhatPublishDoes();

// A reviewer's comment is ticked off without leaving what is being typed.
for (const one of document.querySelectorAll("form[action$='/settle']")) {
  one.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch(one.action, { method: "POST", body: new FormData(one), redirect: "manual" }).catch(() => null);
    if (answer && (answer.ok || answer.type === "opaqueredirect")) one.closest("li").remove();
    else complain(new Error("บันทึกว่าแก้แล้วไม่สำเร็จ โปรดลองอีกครั้ง"));
  });
}

handInShelf();
preview();
setInterval(() => autosave(), 4000);
setInterval(() => autosave(true), 30000);
if (state.code) autosave(true);
