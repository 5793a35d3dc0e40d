// Makes pages pleasant; every page works without it.
const all = (selector) => [...document.querySelectorAll(selector)];

for (const button of all("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    await navigator.clipboard?.writeText(field.value);
    button.textContent = "คัดลอกแล้ว";
  });
}

// A thread is marked as read by a POST of its own, once, after it was looked at.
for (const form of all("form[data-send-once]")) {
  fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
  form.hidden = true;
}

const editor = document.getElementById("editor");
if (editor) startEditor(editor);

function startEditor(form) {
  const body = form.elements.body;
  const preview = document.getElementById("preview");
  let waiting = 0;
  let changed = false;

  async function show() {
    const data = new FormData();
    data.set("csrf_token", form.elements.csrf_token.value);
    data.set("body", body.value);
    data.set("code", form.dataset.code);
    const answer = await fetch(form.dataset.preview, { method: "POST", body: data, headers: { Accept: "application/json" } });
    const result = await answer.json().catch(() => ({}));
    if (result.html !== undefined) preview.innerHTML = result.html || "<p>ยังไม่มีเนื้อหา</p>";
    else preview.textContent = result.error || "แสดงตัวอย่างไม่ได้ในขณะนี้";
  }

  function later() {
    changed = true;
    clearTimeout(waiting);
    waiting = setTimeout(show, 350);
  }

  function replace(start, end, text, from, to) {
    body.focus();
    body.setRangeText(text, start, end, "end");
    body.setSelectionRange(from, to);
    later();
  }

  function wrap(mark) {
    const { selectionStart: a, selectionEnd: b, value } = body;
    const inside = value.slice(a, b) || "ข้อความ";
    replace(a, b, mark + inside + mark, a + mark.length, a + mark.length + inside.length);
  }

  function prefix(mark) {
    const { selectionStart: a, selectionEnd: b, value } = body;
    const start = value.lastIndexOf("\n", a - 1) + 1;
    const lines = value.slice(start, b).split("\n").map((line) => mark + line).join("\n");
    replace(start, b, lines, start + lines.length, start + lines.length);
  }

  const bar = form.querySelector(".toolbar");
  bar.hidden = false;
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.wrap) wrap(button.dataset.wrap);
    else if (button.dataset.line) prefix(button.dataset.line);
    else replace(body.selectionEnd, body.selectionEnd, button.dataset.insert, body.selectionEnd, body.selectionEnd + button.dataset.insert.length);
  });

  body.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    const mark = { b: "**", i: "*" }[event.key.toLowerCase()];
    if (mark) { event.preventDefault(); wrap(mark); }
  });
  form.addEventListener("input", later);
  form.addEventListener("submit", () => { changed = false; });
  addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
  if (form.dataset.upload) {
    body.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files || [])];
      if (files.length) event.preventDefault();
      upload(files, form, body, replace);
    });
    // A chosen file is kept at once and lands in the text: nothing typed is lost, nothing is forgotten.
    const picker = document.getElementById("file");
    picker.form.querySelector("button").hidden = true;
    picker.addEventListener("change", async () => { await upload([...picker.files], form, body, replace); picker.value = ""; });
  }
  show();
}

async function upload(files, form, body, replace) {
  for (const file of files) {
    const data = new FormData();
    data.set("csrf_token", form.elements.csrf_token.value);
    data.set("file", file);
    const answer = await fetch(form.dataset.upload, { method: "POST", body: data, headers: { Accept: "application/json" } });
    const result = await answer.json().catch(() => ({}));
    const text = result.markdown ? result.markdown + "\n" : `<!-- ${result.error || "แนบไฟล์ไม่สำเร็จ"} -->\n`;
    const at = body.selectionEnd;
    replace(at, at, text, at + text.length, at + text.length);
  }
}
