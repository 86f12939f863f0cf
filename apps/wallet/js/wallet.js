// What the wallet does in the browser besides: a pad for amounts, copying, printing, and staying on a phone. Each page
// works without it.

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", ".", "0", "⌫"];
const NAMES = { ".": "Point", "⌫": "Delete the last digit" };

/** Keys below an amount, for thumbs; whoever has a keyboard types. */
for (const place of document.querySelectorAll("[data-pad]")) {
  const input = place.querySelector("input");
  const pad = document.createElement("div");
  pad.className = "pad";
  pad.setAttribute("role", "group");
  pad.setAttribute("aria-label", "Digits");
  for (const key of KEYS) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "key", textContent: key });
    if (NAMES[key]) button.setAttribute("aria-label", NAMES[key]);
    button.addEventListener("click", () => press(input, key));
    pad.append(button);
  }
  place.append(pad);
}

function press(input, key) {
  const typed = input.value;
  if (key === "⌫") input.value = typed.slice(0, -1);
  else if (key === "." && /[.,]/.test(typed)) return;
  else if (typed.length < input.maxLength) input.value = (typed === "0" && key !== "." ? "" : typed || (key === "." ? "0" : "")) + key;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = "Copied";
  });
}

function showPrint() {
  for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});
// A payment that ends while one looks on brings its button with it.
const region = document.getElementById("live");
if (region) new MutationObserver(showPrint).observe(region.parentNode, { childList: true });
showPrint();

if ("serviceWorker" in navigator && window.isSecureContext) navigator.serviceWorker.register("/wallet/worker.js", { scope: "/wallet" }).catch(() => {});
