"""What a served site needs to respond to whatever happens: a playbook, something to reach, and somebody who may approve."""

import json

from tests.support.commands import run
from tests.support.served_site import PASSWORD
from tests.support.waiting import wait_until

PLAYBOOK = """
form = 1
name = "Plaza"

[targets]
alarm = "front-siren"

[[rules]]
name = "whatever happens"
must = [
    "bookmark_clip",
    { action = "call_webhook", target = "desk", text = "Look at {camera}" },
    { action = "siren", target = "alarm", seconds = 5 },
]
"""


class Responding:
    """A site under PLAYBOOK, whose webhook `desk` and siren `front-siren` are one receiver on loopback."""

    def __init__(self, site, receiver):
        self.site = site
        self.receiver = receiver
        for target_id, kind in (("desk", "webhook"), ("front-siren", "siren")):
            settings = {"url": receiver.url, "secret": "between us", "idempotent": True}
            body = {"id": target_id, "kind": kind, "name": target_id, "settings": settings}
            site.ask("POST", "/response-targets", json=body).raise_for_status()
        assert site.ask("POST", "/playbook/check", json={"content": PLAYBOOK}).raise_for_status().json()["findings"] == []
        site.ask("PUT", "/playbook", json={"content": PLAYBOOK, "expected_version": 0}).raise_for_status()

    def incident(self):
        """The id of the first event that the receiver hears of."""
        wait_until(lambda: self.receiver.received, "an event is responded to", deadline_s=90)
        return json.loads(self.receiver.received[0].body)["event"]["id"]

    def operator(self, name, camera_id):
        """The headers of somebody who controls one camera and nothing else."""
        grants = [{"camera_id": camera_id, "level": "control"}]
        body = {"username": name, "role": "operator", "password": PASSWORD, "grants": grants}
        self.site.ask("POST", "/users", json=body).raise_for_status()
        answer = self.site.ask("POST", "/auth/login", json={"username": name, "password": PASSWORD, "cookie": False})
        return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}

    def actions(self, event_id):
        """The event's actions by kind."""
        return {each["kind"]: each for each in self.site.get(f"/events/{event_id}/actions")["items"]}

    def wait(self, event_id, **states):
        """Wait until the actions of these kinds are so; returns all of them by kind."""

        def there():
            found = self.actions(event_id)
            return all(found[kind]["state"] == state for kind, state in states.items())

        wait_until(there, f"{states}", deadline_s=60)
        return self.actions(event_id)

    def posts(self, event_id):
        """What the receiver was told of an event: (headers, body), in the order in which it came."""
        told = [(each.headers, json.loads(each.body)) for each in self.receiver.received]
        return [(headers, body) for headers, body in told if body["event"]["id"] == event_id]

    def command(self, *arguments):
        """What `haetae ARGUMENTS` prints beside the running site."""
        finished = run(*arguments, cwd=self.site.folder)
        assert finished.code == 0, finished.stderr
        return finished.stdout
