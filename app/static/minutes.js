// Several people write the minutes at once: what is typed goes out every few seconds, and the others' words come back.
const form = document.getElementById("minutes");
const area = form.elements.text, base = form.elements.base, state = document.getElementById("state");
let busy = false, leaving = false, doubled = false;

// Text typed while an answer was under way, put into the answer where it belongs; null when both touch one place.
const ends = (a, b) => {
  let head = 0, tail = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  return [head, tail];
};
const rebased = (sent, typed, answer) => {
  const [head, tail] = ends(sent, typed), [before, after] = ends(sent, answer), until = sent.length - tail;
  const at = until <= before ? head : head >= sent.length - after ? head + answer.length - sent.length : null;
  return at === null ? null : answer.slice(0, at) + typed.slice(head, typed.length - tail) + answer.slice(at + until - head);
};

// The caret stays with the words around it when others' words come in above.
const take = (text) => {
  if (text === area.value) return;
  const { selectionStart: start, selectionEnd: end, scrollTop: top } = area, old = area.value;
  const [head, tail] = ends(old, text);
  const place = (at) => at <= head ? at : at >= old.length - tail ? at + text.length - old.length : Math.min(at, text.length - tail);
  area.value = text;
  area.setSelectionRange(place(start), place(end));
  area.scrollTop = top;
};

const send = async () => {
  if (busy || document.hidden && area.value === base.value) return;
  busy = true;
  const mine = area.value, body = new FormData(form);
  try {
    const answer = await fetch(location.pathname, { method: "POST", body, headers: { Accept: "application/json" } });
    const told = await answer.json();
    if (!answer.ok) { state.textContent = told.error ?? "บันทึกไม่ได้ โปรดกดปุ่มบันทึก"; return; }
    const joined = rebased(mine, area.value, told.text);
    if (joined === null) base.value = mine; else { take(joined); base.value = told.text; }
    doubled ||= told.both;
    state.textContent = (doubled ? "มีคนแก้บรรทัดเดียวกัน เก็บไว้ทั้งสองแบบ · " : "") + (told.others.length ? `กำลังเขียน: ${told.others.join(", ")} · ` : "") + "บันทึกแล้ว";
  } catch { state.textContent = "ส่งไม่ได้ชั่วคราว ข้อความยังอยู่ในหน้านี้ จะลองใหม่เอง"; } finally { busy = false; }
};
setInterval(send, 3000);
form.addEventListener("submit", () => { busy = leaving = true; });
// Whoever leaves at once takes nothing along that was not sent: the browser sends it after the page is gone.
addEventListener("pagehide", () => {
  if (!leaving && area.value !== base.value) fetch(location.pathname, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" }, keepalive: true });
});
