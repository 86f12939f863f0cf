"""Our mail at another server: receive_mail.py STOA_URL PORT

The server under test has this port as its mail server; an aiosmtpd listens there, and the standard library reads what
comes: one stable Message-ID, both parts, a subject that is no header of somebody else's making.

It starts before the server does: mail of the demo that nobody takes would have the server leave this one alone."""

import email
import email.policy
import json
import subprocess
import sys
import time
import urllib.request

from aiosmtpd.controller import Controller

stoa, port = sys.argv[1], int(sys.argv[2])
heard = []


class Keeper:
    async def handle_DATA(self, server, session, envelope):
        heard.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 kept"


keeper = Controller(Keeper(), hostname="127.0.0.1", port=port)
keeper.start()
for _ in range(600):
    try:
        urllib.request.urlopen(stoa + "/health/ready", timeout=5).close()
        break
    except OSError:
        time.sleep(0.1)
token = subprocess.check_output(["target/release/stoa", "token"], text=True).strip()
body = {"channel": "email", "to": {"email": "nina@example.com"}, "subject": "Grüße\r\nBcc: thief@example.com",
        "text": "Plain words.\n.dot", "html": "<p>Dressed words.</p>", "category": "news"}
headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
request = urllib.request.Request(stoa + "/api/v1/notifications", json.dumps(body).encode(), headers)
with urllib.request.urlopen(request, timeout=20) as answer:
    told = json.load(answer)["id"]
# Others come as well: the people of the demo are welcomed.
ours, end = [], time.time() + 60
while not ours and time.time() < end:
    time.sleep(0.05)
    ours = [mail for mail in heard if told in mail["Message-ID"]]
assert ours, f"{told} did not come; {[mail['Message-ID'] for mail in heard]} did"
mail = ours[0]
assert mail["Bcc"] is None and mail["Subject"].startswith("Grüße"), mail["Subject"]
plain, dressed = mail.get_body(("plain",)), mail.get_body(("html",))
assert plain.get_content().replace("\r\n", "\n").startswith("Plain words.\n.dot"), plain.get_content()
assert "Dressed words." in dressed.get_content() and not mail.defects
keeper.stop()
print("another server and the standard library read our mail; nothing was smuggled into its head")
