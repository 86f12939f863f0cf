// Stripe's own card form, for real money. Only this page may load it.

const form = document.getElementById("element-form");
const button = form.querySelector("button[type=submit]");
const label = button.querySelector("span");
const asked = label.textContent;
const said = document.getElementById("card-said");

function tell(message) {
  said.querySelector("p").textContent = message;
  said.hidden = !message;
}

function load(src) {
  return new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src, onload: done, onerror: failed });
    document.head.append(script);
  });
}

async function start() {
  await load("https://js.stripe.com/v3");
  const stripe = window.Stripe(form.dataset.key);
  const dark = document.documentElement.dataset.theme === "dark" || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const elements = stripe.elements({ clientSecret: form.dataset.secret, appearance: { theme: dark ? "night" : "stripe" } });
  const element = elements.create("payment");
  element.on("ready", () => { button.disabled = false; });
  element.mount("#payment-element");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    label.textContent = "Paying…";
    tell("");
    const { error } = await stripe.confirmPayment({ elements, confirmParams: { return_url: form.dataset.return } });
    // Only a refusal comes back here: else the browser is on its way to the page that follows.
    if (error?.payment_intent?.status === "succeeded") return location.replace(`${form.dataset.page}?redirect_status=succeeded`);
    tell(error?.message ?? "The payment did not go through. Please try again.");
    label.textContent = asked;
    button.disabled = false;
  });
}

start().catch(() => tell("The payment form could not be loaded. Check your connection and reload the page."));
addEventListener("pageshow", (event) => event.persisted && location.reload());
