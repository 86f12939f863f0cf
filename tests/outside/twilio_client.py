"""Twilio's own library: twilio_client.py SANDBOX_URL STOA_URL TOKEN

It sends through the sandbox as through Twilio, and accepts the signature of the sandbox's callbacks; a message of ours
goes out, and the sandbox's receipt of it is believed."""

import json
import sys
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

sandbox, stoa, token = sys.argv[1:4]
SID, SECRET = "AC" + "1" * 32, "a-secret-of-twilio"
heard = []


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        heard.append((self.headers["X-Twilio-Signature"], dict(urllib.parse.parse_qsl(body))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class ToTheSandbox(TwilioHttpClient):
    def request(self, method, url, *arguments, **more):
        return super().request(method, url.replace("https://api.twilio.com", sandbox), *arguments, **more)


receiver = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
callback = f"http://127.0.0.1:{receiver.server_port}/status"
client = Client(SID, SECRET, http_client=ToTheSandbox())
sent = client.messages.create(to="+353850000001", from_="+15005550006", body="Grüße €5", status_callback=callback)
assert sent.sid.startswith("SM") and sent.status in ("queued", "accepted"), sent.status
try:
    client.messages.create(to="+15005550001", from_="+15005550006", body="x")
    raise SystemExit("a bad number was taken")
except TwilioRestException as error:
    assert error.code == 21211, error


def until(what, look):
    end = time.time() + 20
    while time.time() < end:
        if found := look():
            return found
        time.sleep(0.05)
    raise SystemExit(f"{what} did not come")


until("the delivery", lambda: any(form["MessageStatus"] == "delivered" for _, form in heard))
validator = RequestValidator(SECRET)
assert all(validator.validate(callback, form, signature) for signature, form in heard)
assert client.messages(sent.sid).fetch().status == "delivered"


def ours(path, body=None):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(stoa + path, data, headers), timeout=20) as answer:
        return json.load(answer)


message = {"channel": "sms", "to": {"phone": "+353850000002"}, "text": "Your table is ready."}
told = ours("/api/v1/notifications", message)["id"]
until("our receipt", lambda: ours(f"/api/v1/notifications/{told}")["state"] == "delivered")
print(f"Twilio's library: {len(heard)} callbacks, all rightly signed; our own message is delivered by its receipt")
