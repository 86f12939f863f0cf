"""The Standard Webhooks library reads what we deliver: webhooks.py STOA_URL TOKEN"""

import json
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks.webhooks import Webhook

stoa, token = sys.argv[1:3]
heard = []


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        heard.append((dict(self.headers.items()), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


receiver = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()


def post(path, body):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    request = urllib.request.Request(stoa + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


url = f"http://127.0.0.1:{receiver.server_port}/hook"
endpoint = post("/api/v1/notifications/endpoints", {"url": url, "kinds": ["order.cancelled"]})
goods = {"title": f"Hook {time.time_ns()}", "status": "on_sale", "variants": [
    {"sku": f"hook-{time.time_ns()}", "title": "", "prices": [{"amount": 100, "currency": "EUR"}], "on_hand": 5}]}
variant = post("/api/v1/products", goods)["variants"][0]["id"]
wanted = {"currency": "EUR", "lines": [{"variant_id": variant, "quantity": 1}],
          "ship_to": {"name": "Hook", "line1": "1 High Street", "city": "Dublin", "postcode": "D02", "country": "IE"}}
for _ in range(50):
    try:
        order = post("/api/v1/orders", wanted)["id"]
        break
    except urllib.error.HTTPError:
        time.sleep(0.1)
post(f"/api/v1/orders/{order}/cancel", {})
end = time.time() + 20
while not heard and time.time() < end:
    time.sleep(0.05)
headers, body = heard[0]
said = Webhook(endpoint["secret"]).verify(body, {key.lower(): value for key, value in headers.items()})
assert said["type"] == "order.cancelled" and order in json.dumps(said["data"]), said
print("the Standard Webhooks library verifies what we deliver")
