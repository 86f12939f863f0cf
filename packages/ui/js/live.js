// Follows what a page shows: what the server tells is taken as the word that the page is worth another look, and the
// page is then taken from the server as it is. A session that is over is renewed by that same look.

const PAUSE_MS = 5_000;
// What follows from the news may be written a moment after it.
const AFTERMATH_MS = 1_500;
const region = () => document.getElementById("live");
let last;
let aftermath;

async function look() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return location.reload();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("live");
  if (!fresh || fresh.dataset.state === region().dataset.state) return;
  const before = region().querySelector("[data-told]")?.dataset.told;
  const now = fresh.querySelector("[data-told]")?.dataset.told;
  for (const time of fresh.querySelectorAll("time[data-local]")) localTime(time);
  region().replaceWith(document.adoptNode(fresh));
  document.title = page.title;
  if (now && now !== before) document.getElementById("live-said").textContent = now;
}

function localTime(time) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  time.textContent = format.format(new Date(time.dateTime));
}

function follow() {
  const stream = new EventSource(region().dataset.live);
  stream.onmessage = (event) => {
    if (event.data === last) return;
    last = event.data;
    look().catch(() => {});
    clearTimeout(aftermath);
    aftermath = setTimeout(() => look().catch(() => {}), AFTERMATH_MS);
  };
  stream.onerror = () => {
    if (stream.readyState !== EventSource.CLOSED) return;
    // Refused, not merely interrupted: most often the ten minutes of the session are over.
    setTimeout(() => look().catch(() => {}).finally(follow), PAUSE_MS);
  };
}

if (region()) follow();
