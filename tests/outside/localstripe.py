"""Our adapter against another imitation of Stripe: localstripe.py STOA_URL LOCALSTRIPE_URL TOKEN

The server under test pays through LOCALSTRIPE_URL; an order is placed, paid there, refunded, and both sides agree."""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

stoa, peer, token = sys.argv[1:4]
SECRET = "whsec_stoa_sandbox"


def ask(url, body=None, headers=None, form=False, method=None):
    data = None if body is None else (urllib.parse.urlencode(body) if form else json.dumps(body)).encode()
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    request = urllib.request.Request(url, data, {"content-type": kind, **(headers or {})}, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read()
        return json.loads(text) if text.startswith((b"{", b"[")) else None


def ours(path, body=None, bearer=token):
    return ask(stoa + path, body, {"authorization": f"Bearer {bearer}"})


def theirs(path, body=None):
    return ask(peer + path, body, {"authorization": "Bearer sk_test_12345"}, form=True)


def until(what, look):
    end = time.time() + 30
    while time.time() < end:
        try:
            if found := look():
                return found
        except urllib.error.HTTPError as error:
            last = error
        time.sleep(0.1)
    raise SystemExit(f"{what} did not come")


ask(f"{peer}/_config/webhooks/stoa", {"url": f"{stoa}/api/v1/webhooks/stripe", "secret": SECRET})
who = f"peer-{time.time_ns()}@buyers.example"
account = {"email": who, "password": "correct horse battery staple", "name": "Peer"}
ask(f"{stoa}/api/v1/auth/register", account)
buyer = ask(f"{stoa}/api/v1/auth/login", {key: account[key] for key in ("email", "password")})["access_token"]
goods = {"title": f"Peer {time.time_ns()}", "status": "on_sale", "variants": [
    {"sku": f"peer-{time.time_ns()}", "title": "", "prices": [{"amount": 4200, "currency": "EUR"}], "on_hand": 5}]}
variant = ours("/api/v1/products", goods)["variants"][0]["id"]
wanted = {"currency": "EUR", "lines": [{"variant_id": variant, "quantity": 1}],
          "ship_to": {"name": "Peer", "line1": "1 High Street", "city": "Dublin", "postcode": "D02", "country": "IE"}}
order = until("the order", lambda: ours("/api/v1/orders", wanted, buyer))["id"]
secret = until("the intent", lambda: ours(f"/api/v1/payments/by-order/{order}/client-secret", None, buyer))["client_secret"]
intent = secret.split("_secret")[0]
card = theirs("/v1/payment_methods", {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": "12",
                                      "card[exp_year]": "2030", "card[cvc]": "123"})["id"]
theirs(f"/v1/payment_intents/{intent}", {"payment_method": card})
theirs(f"/v1/payment_intents/{intent}/confirm", {})
until("the paid order", lambda: ours(f"/api/v1/orders/{order}", None, buyer)["status"] == "PAID")
payment = ours(f"/api/v1/payments?order_id={order}")["data"][0]
assert (payment["status"], payment["captured"]) == ("succeeded", 4200), payment
ours(f"/api/v1/orders/{order}/refunds", {"amount": 1200, "reason": "a scratch"})
until("the refund", lambda: ours(f"/api/v1/orders/{order}", None, buyer)["refunded_amount"] == 1200)
refunds = theirs(f"/v1/payment_intents/{intent}")["latest_charge"]["refunds"]["data"]
assert [refund["amount"] for refund in refunds] == [1200], refunds
print("our adapter pays and refunds through localstripe, and both sides agree")
