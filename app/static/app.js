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

// What the editor kept in this machine is thrown away once a page after it shows that the save went well.
const sent = sessionStorage.getItem("khlang-sent");
if (sent && !document.getElementById("editor") && !document.querySelector("[data-failed]")) {
  localStorage.removeItem(sent);
  sessionStorage.removeItem("khlang-sent");
}
