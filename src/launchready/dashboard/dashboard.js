"use strict";
const button = document.querySelector("button");
let paused = false;
button.hidden = false;
button.addEventListener("click", () => {
  paused = !paused;
  button.textContent = paused ? "Resume" : "Pause";
});
async function refresh() {
  if (paused || document.hidden || document.getSelection().type === "Range") return;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const places = [...document.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
    const open = document.querySelector("details")?.open;
    document.querySelector("main").replaceWith(page.querySelector("main"));
    document.title = page.title;
    if (open) document.querySelector("details")?.setAttribute("open", "");
    document.querySelectorAll(".scroll").forEach((box, index) => (box.scrollLeft = places[index] || 0));
  } catch {
    // the site is being deployed or the phone is in a tunnel: what is shown has its time in the footer
  }
}
setInterval(refresh, 30000);
