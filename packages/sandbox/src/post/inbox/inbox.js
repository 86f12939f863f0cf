// Looks for new messages every few seconds, and offers to empty the inbox. The page works without it.
const list = document.getElementById("list");
const news = document.getElementById("news");
const clear = document.getElementById("clear");
const PAUSE_MS = 2000;
let newest = list.dataset.newest;

const refresh = async () => {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("list");
  const focused = document.activeElement?.closest?.("#list a")?.getAttribute("href");
  const known = new Set([...list.querySelectorAll("li a")].map((link) => link.getAttribute("href")));
  list.replaceChildren(...fresh.childNodes);
  if (focused) list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  const added = [...list.querySelectorAll("li a")].filter((link) => !known.has(link.getAttribute("href"))).length;
  clear.hidden = list.querySelector("li") === null;
  news.textContent = added === 1 ? "One new message." : added > 1 ? `${added} new messages.` : "";
};

const look = async () => {
  if (document.visibilityState === "visible") {
    try {
      const answer = await fetch("/inbox/messages?limit=1");
      const first = (await answer.json()).data[0]?.id ?? "";
      if (first !== newest) {
        newest = first;
        await refresh();
      }
    } catch {
      // The sandbox may be restarting; the next look will tell.
    }
  }
  setTimeout(look, PAUSE_MS);
};

clear.hidden = list.querySelector("li") === null;
clear.addEventListener("click", async () => {
  if (!confirm("Forget all messages?")) return;
  await fetch("/inbox/messages", { method: "DELETE" });
  location.assign("/inbox");
});
if ("live" in list.dataset) setTimeout(look, PAUSE_MS);
