// The card form of a trial: it speaks to the sandbox's Stripe and to nobody else. The card never comes to us.

const form = document.getElementById("card-form");
const { stripe, key, secret, page } = form.dataset;
const intent = secret.split("_secret_")[0];
const button = form.querySelector("button[type=submit]");
const label = button.querySelector("span");
const asked = label.textContent;
const said = document.getElementById("card-said");
const inputs = { number: form.querySelector("#number"), expiry: form.querySelector("#expiry"), cvc: form.querySelector("#cvc") };
// What the provider calls the fields, and what we do.
const FIELDS = { number: "number", exp_month: "expiry", exp_year: "expiry", cvc: "cvc" };

const digits = (text) => text.replace(/\D/g, "");

function tell(field, message) {
  const input = inputs[field];
  const place = document.getElementById(`${field}-error`);
  place.textContent = message;
  place.hidden = !message;
  if (message) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

function tellForm(message) {
  said.querySelector("p").textContent = message;
  said.hidden = !message;
}

/** Luhn's sum: it finds a slip of the finger, not a false card. */
function isNumber(text) {
  if (text.length < 12 || text.length > 19) return false;
  let sum = 0;
  for (let at = 0; at < text.length; at++) {
    let digit = Number(text[text.length - 1 - at]);
    if (at % 2) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 === 0;
}

function read() {
  const number = digits(inputs.number.value);
  const expiry = digits(inputs.expiry.value);
  const cvc = digits(inputs.cvc.value);
  const month = Number(expiry.slice(0, 2));
  const year = 2000 + Number(expiry.slice(-2));
  const now = new Date();
  const over = year < now.getFullYear() || (year === now.getFullYear() && month < now.getMonth() + 1);
  const wrong = {
    number: isNumber(number) ? "" : "Check the card number",
    expiry: (expiry.length !== 4 && expiry.length !== 6) || month < 1 || month > 12 ? "Check the month and year" : over ? "The card has expired" : "",
    cvc: cvc.length === 3 || cvc.length === 4 ? "" : "Check the security code",
  };
  for (const [field, message] of Object.entries(wrong)) tell(field, message);
  const first = Object.keys(wrong).find((field) => wrong[field]);
  if (first) inputs[first].focus();
  return first ? null : { number, month, year, cvc };
}

function working(on) {
  form.setAttribute("aria-busy", String(on));
  button.disabled = on;
  label.textContent = on ? "Paying…" : asked;
}

async function call(method, path, body) {
  const url = `${stripe}/v1/payment_intents/${intent}${path}`;
  const answer = await fetch(url, { method, body, headers: { authorization: `Bearer ${key}` }, credentials: "omit" });
  return answer.json();
}

/** Goes where the payment leads; a payment that is still open comes back here. */
function go(payment) {
  if (payment.status === "requires_action" && payment.next_action?.redirect_to_url) {
    location.assign(payment.next_action.redirect_to_url.url);
    return true;
  }
  if (["succeeded", "processing", "requires_capture"].includes(payment.status)) {
    location.replace(`${page}?redirect_status=succeeded`);
    return true;
  }
  if (payment.status === "canceled") {
    location.replace(page);
    return true;
  }
  return false;
}

async function pay({ number, month, year, cvc }) {
  const body = new URLSearchParams({
    client_secret: secret,
    return_url: form.dataset.return,
    "payment_method_data[type]": "card",
    "payment_method_data[card][number]": number,
    "payment_method_data[card][exp_month]": month,
    "payment_method_data[card][exp_year]": year,
    "payment_method_data[card][cvc]": cvc,
  });
  const answer = await call("POST", "/confirm", body);
  if (!answer.error) return go(answer);
  // Another tab was faster, or an answer was lost on the way.
  if (answer.error.code === "payment_intent_unexpected_state" && answer.error.payment_intent) {
    if (go(answer.error.payment_intent)) return true;
  }
  const message = answer.error.message ?? "The payment did not go through. Please try again.";
  const field = FIELDS[answer.error.param?.match(/\[?(\w+)\]?$/)?.[1]];
  if (field) {
    tell(field, message);
    inputs[field].focus();
  } else tellForm(message);
  return false;
}

/** The answer was lost: whether the money moved is asked before anybody pays again. */
async function found() {
  try {
    return go(await call("GET", `?client_secret=${encodeURIComponent(secret)}`));
  } catch {
    return false;
  }
}

let busy = false;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy) return;
  tellForm("");
  const card = read();
  if (!card) return;
  busy = true;
  working(true);
  let gone = false;
  try {
    gone = await pay(card);
  } catch {
    gone = await found();
    if (!gone) tellForm("The payment provider could not be reached. Nothing was charged; please try again.");
  }
  if (gone) return;
  busy = false;
  working(false);
});

inputs.number.addEventListener("input", () => {
  const spaced = digits(inputs.number.value).slice(0, 19).replace(/(\d{4})(?=\d)/g, "$1 ");
  if (inputs.number.selectionStart === inputs.number.value.length) inputs.number.value = spaced;
});
inputs.expiry.addEventListener("input", (event) => {
  if (event.inputType?.startsWith("delete")) return;
  const typed = digits(inputs.expiry.value).slice(0, 6);
  if (inputs.expiry.selectionStart === inputs.expiry.value.length && typed.length >= 2) inputs.expiry.value = `${typed.slice(0, 2)} / ${typed.slice(2)}`;
});
// A page from the browser's memory asks again: it may have been paid meanwhile.
addEventListener("pageshow", (event) => event.persisted && location.reload());

button.disabled = false;
