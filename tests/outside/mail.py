"""Mail by the standard library and by another server: mail.py SANDBOX_URL SANDBOX_MAIL_PORT

The standard library's client hands mail to the sandbox, and reads back what the inbox made of it."""

import json
import smtplib
import sys
import time
import urllib.request
from email.message import EmailMessage

sandbox, port = sys.argv[1], int(sys.argv[2])
to = f"mail-{time.time_ns()}@example.com"
letter = EmailMessage()
letter["Subject"] = "Grüße aus Köln, a subject that is long enough to be folded over more than one line of the head"
letter["From"] = "Ann <ann@example.com>"
letter["To"] = to
letter.set_content("Plain words.\n.A line that begins with a dot.\n")
letter.add_alternative("<p>Dressed <b>words</b>.</p>", subtype="html")
letter.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="größe.pdf")
with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
    server.send_message(letter)
    try:
        server.sendmail("ann@example.com", ["bounce@example.com"], "x")
        raise SystemExit("a bounce was taken")
    except smtplib.SMTPRecipientsRefused:
        pass
with urllib.request.urlopen(f"{sandbox}/inbox/messages?to={to}") as answer:
    found = json.load(answer)["data"]
assert len(found) == 1 and found[0]["subject"] == letter["Subject"], found
assert "\n.A line that begins with a dot." in found[0]["text"] and "<b>words</b>" in found[0]["html"], found
print("the standard library's mail is read back as it was sent")
