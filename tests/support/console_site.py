"""A site for a browser to work on: `python -m tests.support.console_site`.

It runs `haetae serve`, a mail server and one of embeddings until its input ends. What it says, a JSON object a line: where the site is and
its set-up code, then each message that the mail server was given.
"""

import json
import sys
import tempfile
import threading
from pathlib import Path

from tests.support.embedding_server import embedding_server
from tests.support.mail_server import MailServer
from tests.support.served_site import ServedSite

# Short, so that a browser need not wait: what is learned here has to tell walking from running, no more.
_SECTIONS = {
    "notifications": "allow_loopback = true\ndedup_s = 0\ndigest_s = 5",
    "source": "connect_timeout_s = 2\nread_timeout_s = 5",
}


def main():
    with tempfile.TemporaryDirectory() as folder, MailServer() as mail, embedding_server() as meanings:
        # Wide, so that words that have nothing to do with each other stand at right angles; low, for events are described in many words.
        meanings.width = 1024
        search = f'base_url = "{meanings.base_url}"\nmodel = "words"\nmin_similarity = 0.08'
        site = ServedSite(Path(folder), admin=False, search=search, **_SECTIONS)
        try:
            _say(url=site.url, code=site.code, mail_port=mail.port)
            stopped = threading.Event()
            threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
            told = 0
            while not stopped.wait(0.2) and site.process.poll() is None:
                while told < len(mail.received):
                    to, message = mail.received[told]
                    told += 1
                    _say(mail={"to": to, "subject": str(message["subject"])})
        finally:
            site.end()


def _say(**what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
