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

// New replies come by themselves while somebody looks at the thread.
const replies = document.querySelector("#replies[data-since]");
if (replies) setInterval(async () => {
  if (document.hidden) return;
  const last = [...replies.querySelectorAll("[data-post]")].pop()?.dataset.post ?? 0;
  try {
    const answer = await fetch(`${replies.dataset.since}?post=${last}`);
    if (!answer.ok) return;
    const piece = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = [...piece.querySelectorAll("[data-post]")].filter((one) => !document.getElementById(one.id));
    if (fresh.length) replies.querySelector("[data-empty]")?.remove();
    replies.append(...fresh);
  } catch { /* The next round asks again. */ }
}, Number(replies.dataset.every ?? 15) * 1000);

// What is typed into a thread and not sent yet is kept for its writer.
for (const form of all("form[data-draft]")) {
  const state = form.querySelector("[data-draft-state]");
  let timer = 0;
  const keep = async () => {
    const body = new FormData();
    for (const name of ["csrf_token", "thread", "title", "body"]) if (form.elements[name]) body.set(name, form.elements[name].value);
    try { if ((await fetch(form.dataset.draft, { method: "POST", body })).ok) state.textContent = "เก็บร่างไว้แล้ว"; } catch { /* The next pause tries again. */ }
  };
  form.addEventListener("input", () => { clearTimeout(timer); state.textContent = ""; timer = setTimeout(keep, 1500); });
  form.addEventListener("submit", () => clearTimeout(timer));
}

// A piece of a page that is asked for again every few seconds while somebody looks at it.
for (const piece of all("[data-refresh]")) setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(piece.dataset.refresh);
    if (!answer.ok) return;
    piece.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
  } catch { /* The next round asks again. */ }
}, Number(piece.dataset.every) * 1000);

// What the editor kept in this machine is thrown away once a page after it shows that the save went well.
const sent = sessionStorage.getItem("khlang-sent");
if (sent && !document.getElementById("editor") && !document.querySelector("[data-failed]")) {
  localStorage.removeItem(sent);
  sessionStorage.removeItem("khlang-sent");
}

// Filters are folded away on a narrow screen.
if (matchMedia("(max-width: 760px)").matches) for (const one of all("[data-narrow-closed]")) one.open = false;

// "แสดงเพิ่ม" adds the next page's results to the list.
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-more]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  link.textContent = "กำลังโหลด…";
  try {
    const answer = await fetch(link.href);
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const list = document.getElementById(link.dataset.more);
    const fresh = [...page.querySelectorAll(`#${link.dataset.more} > li`)];
    list.append(...fresh);
    const next = page.querySelector("a[data-more]");
    if (next) { link.href = next.href; link.textContent = "แสดงเพิ่ม"; } else link.remove();
    fresh[0]?.querySelector("a")?.focus();
  } catch { location.href = link.href; }
});

// j and k, or the arrows, walk through the results.
const hits = () => all(".hit > .title");
if (hits().length) document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, summary")) return;
  const step = { j: 1, k: -1, "่": 1, "า": -1 }[event.key];
  if (!step) return;
  const list = hits();
  const at = list.indexOf(document.activeElement.closest?.(".hit")?.querySelector(".title"));
  list[Math.min(list.length - 1, Math.max(0, at + step))]?.focus();
  event.preventDefault();
});

// Suggestions while typing: a list box under the field, worked with the arrows, Enter and Escape.
for (const field of all("input[data-suggest]")) {
  const list = document.createElement("ul");
  list.className = "suggestions";
  list.id = `${field.id}-suggestions`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "คำแนะนำ");
  list.hidden = true;
  field.parentElement.append(list);
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-expanded", "false");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-autocomplete", "list");
  let at = -1, timer = 0, asked = 0;
  const close = () => { list.hidden = true; at = -1; field.setAttribute("aria-expanded", "false"); field.removeAttribute("aria-activedescendant"); };
  const choose = (number) => {
    at = number;
    [...list.children].forEach((one, index) => one.setAttribute("aria-selected", index === at));
    if (at >= 0) field.setAttribute("aria-activedescendant", list.children[at].id); else field.removeAttribute("aria-activedescendant");
  };
  const show = (found) => {
    list.replaceChildren(...found.map((one, index) => {
      const item = document.createElement("li");
      item.id = `${list.id}-${index}`;
      item.setAttribute("role", "option");
      item.dataset.url = one.url;
      const kind = document.createElement("span");
      kind.className = "soft small";
      kind.textContent = one.kind;
      item.append(one.text, kind);
      return item;
    }));
    list.hidden = !found.length;
    field.setAttribute("aria-expanded", String(!list.hidden));
    choose(-1);
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    const mine = ++asked;
    if (!field.value.trim()) return close();
    timer = setTimeout(async () => {
      try {
        const answer = await fetch(`${field.dataset.suggest}?q=${encodeURIComponent(field.value)}`);
        if (answer.ok && mine === asked) show(await answer.json());
      } catch { close(); }
    }, 120);
  });
  field.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const last = list.children.length - 1;
    if (event.key === "ArrowDown") { choose(at < last ? at + 1 : 0); event.preventDefault(); }
    else if (event.key === "ArrowUp") { choose(at > 0 ? at - 1 : last); event.preventDefault(); }
    else if (event.key === "Escape") { close(); event.preventDefault(); }
    else if (event.key === "Enter" && at >= 0) { location.href = list.children[at].dataset.url; event.preventDefault(); }
  });
  list.addEventListener("mousedown", (event) => {
    const item = event.target.closest("li");
    if (item) { location.href = item.dataset.url; event.preventDefault(); }
  });
  field.addEventListener("blur", close);
}
