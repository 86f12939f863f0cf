"""The stomp.py library: stomp_client.py STOA_URL TOKEN

It follows a live route at our socket over its own WebSocket transport, hears each change once, gets its receipts and
our heart-beats, and is told why it is refused."""

import json
import queue
import sys
import time
import urllib.parse
import urllib.request

import stomp

stoa, token = sys.argv[1:3]
place = urllib.parse.urlsplit(stoa)
INBOX = "/api/v1/notifications/inbox/live"
BEAT_S = 10


class Heard(stomp.ConnectionListener):
    def __init__(self):
        self.all, self.beats = queue.Queue(), 0

    def on_message(self, frame):
        self.all.put(("MESSAGE", frame))

    def on_receipt(self, frame):
        self.all.put(("RECEIPT", frame))

    def on_error(self, frame):
        self.all.put(("ERROR", frame))

    def on_heartbeat(self):
        self.beats += 1

    def next(self, command):
        kind, frame = self.all.get(timeout=20)
        assert kind == command, (kind, frame)
        return frame


def connection(**more):
    made = stomp.WSStompConnection([(place.hostname, place.port)], ws_path="/ws", **more)
    heard = Heard()
    made.set_listener("", heard)
    return made, heard


def ours(path, body=None, method=None):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(stoa + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


proof = {"authorization": f"Bearer {token}"}
client, heard = connection(heartbeats=(BEAT_S * 1000, BEAT_S * 1000))
client.connect(wait=True, headers=proof)
client.subscribe(INBOX, id="inbox", receipt="r-1")
assert heard.next("RECEIPT").headers["receipt-id"] == "r-1"
first = json.loads(heard.next("MESSAGE").body)

me = ours("/api/v1/users/me")["id"]
ours("/api/v1/notifications", {"channel": "in_app", "to": {"user_id": me}, "subject": "Ready", "text": "Grüße €5"})
message = heard.next("MESSAGE")
assert message.headers["destination"] == INBOX and message.headers["subscription"] == "inbox", message.headers
second = json.loads(message.body)
assert second != first, second

time.sleep(BEAT_S + 2)
assert heard.beats > 0 and client.is_connected(), "no heart-beats"
client.unsubscribe(id="inbox", receipt="r-2")
assert heard.next("RECEIPT").headers["receipt-id"] == "r-2"
client.disconnect(receipt="r-3")
assert heard.next("RECEIPT").headers["receipt-id"] == "r-3"

stranger, refused = connection()
stranger.connect(headers={"authorization": "Bearer a.b.c"})
assert json.loads(refused.next("ERROR").body)["code"] == "unauthenticated"
sender, refused = connection()
sender.connect(wait=True, headers=proof)
sender.send(INBOX, "hello")
assert json.loads(refused.next("ERROR").body)["code"] == "send_over_http"
print(f"stomp.py: followed the inbox at /ws, two messages, {heard.beats} heart-beats, three receipts; refusals say why")
