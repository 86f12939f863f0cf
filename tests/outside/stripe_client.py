"""Stripe's own library against the sandbox: stripe_client.py SANDBOX_URL"""

import hashlib
import hmac
import sys
import time

import stripe

stripe.api_base = sys.argv[1]
stripe.api_key = f"sk_test_library_{time.time_ns()}"
stripe.max_network_retries = 0


def intent(**more):
    wanted = {"amount": 1099, "currency": "eur", "payment_method_types": ["card"], **more}
    return stripe.PaymentIntent.create(**wanted)


def refused(kind, act):
    try:
        act()
    except kind as error:
        return error
    raise SystemExit(f"{kind.__name__} did not come")


paid = intent(payment_method="pm_card_visa", confirm=True, metadata={"order": "7"})
assert (paid.status, paid.amount_received, paid.metadata["order"]) == ("succeeded", 1099, "7"), paid
assert paid.client_secret.startswith(paid.id + "_secret_")

declined = refused(stripe.CardError, lambda: intent(payment_method="pm_card_visa_chargeDeclined", confirm=True))
assert (declined.http_status, declined.code) == (402, "card_declined"), declined

held = intent(capture_method="manual", payment_method="pm_card_visa", confirm=True)
assert (held.status, held.amount_capturable) == ("requires_capture", 1099), held
part = stripe.PaymentIntent.capture(held.id, amount_to_capture=500)
assert (part.status, part.amount_received) == ("succeeded", 500), part

let_go = intent(capture_method="manual", payment_method="pm_card_visa", confirm=True)
assert stripe.PaymentIntent.cancel(let_go.id).status == "canceled"

first = stripe.Refund.create(payment_intent=paid.id, amount=600)
assert (first.status, first.amount) == ("succeeded", 600), first
refused(stripe.InvalidRequestError, lambda: stripe.Refund.create(payment_intent=paid.id, amount=600))
assert stripe.Refund.create(payment_intent=paid.id).amount == 499
refused(stripe.InvalidRequestError, lambda: stripe.Refund.create(payment_intent=paid.id))

asked = intent(payment_method="pm_card_threeDSecure2Required", confirm=True, return_url="https://shop.example/back")
assert asked.status == "requires_action", asked
assert asked.next_action["redirect_to_url"]["url"].startswith("http"), asked

once = intent(idempotency_key="the-same")
again = intent(idempotency_key="the-same")
assert once.id == again.id
refused(stripe.IdempotencyError, lambda: intent(amount=5, idempotency_key="the-same"))

refused(stripe.InvalidRequestError, lambda: stripe.PaymentIntent.retrieve("pi_nobody"))
refused(stripe.InvalidRequestError, lambda: intent(amount=-1))
stripe_key, stripe.api_key = stripe.api_key, "wrong"
refused(stripe.AuthenticationError, lambda: stripe.PaymentIntent.retrieve(paid.id))
stripe.api_key = stripe_key

customer = stripe.Customer.create(email="nina@example.com", name="Nina")
assert stripe.Customer.retrieve(customer.id).email == "nina@example.com"
for _ in range(12):
    intent(customer=customer.id)
listed = [one.id for one in stripe.PaymentIntent.list(limit=5).auto_paging_iter()]
assert len(listed) == len(set(listed)) >= 17, len(listed)
events = [event.type for event in stripe.Event.list(limit=100).auto_paging_iter()]
for kind in ["payment_intent.created", "payment_intent.succeeded", "payment_intent.payment_failed", "charge.refunded"]:
    assert kind in events, kind

out = stripe.Payout.create(amount=3000, currency="usd", destination="ba_1", metadata={"withdrawal": "1"}, idempotency_key="out-1")
assert (out.status, out.amount, out.destination, out.metadata["withdrawal"]) == ("pending", 3000, "ba_1", "1"), out
again = dict(amount=3000, currency="usd", destination="ba_1", metadata={"withdrawal": "1"}, idempotency_key="out-1")
assert stripe.Payout.create(**again).id == out.id
assert stripe.Payout.modify(out.id, metadata={"withdrawal": "2"}).metadata["withdrawal"] == "2"
assert stripe.Payout.cancel(out.id).status == "canceled"
refused(stripe.InvalidRequestError, lambda: stripe.Payout.cancel(out.id))
poor = refused(stripe.InvalidRequestError, lambda: stripe.Payout.create(amount=1, currency="usd", destination="ba_empty"))
assert poor.code == "balance_insufficient", poor
assert [one.id for one in stripe.Payout.list(status="canceled").data] == [out.id]

# The library's check takes what is signed as our sandbox signs.
body, at = '{"id": "evt_1", "object": "event", "type": "ping", "data": {"object": {"id": "x", "object": "ping"}}}', int(time.time())
sign = hmac.new(b"whsec_x", f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
assert stripe.Webhook.construct_event(body, f"t={at},v1={sign}", "whsec_x").id == "evt_1"
print(f"Stripe's library {stripe.VERSION}: {len(listed)} intents, {len(events)} events; all as it expects")
