"""The page about webhooks is true."""

import re
from pathlib import Path

from tests.support.notices import a_notice

from haetae.notifications.post import _PERMANENT, signature
from haetae.notifications.webhook_body import WebhookBody, WebhookEvent, webhook_body

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "webhook.md").read_text(encoding="utf-8")


def test_the_example_verifies_what_is_sent():
    import time

    [example] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {}
    exec(example, names)
    body, now = webhook_body(a_notice(), None), str(int(time.time()))
    good = f"t={now},v1={signature('secret', now, body)}"
    assert names["is_genuine"]("secret", good, body)
    assert not names["is_genuine"]("other", good, body)
    assert not names["is_genuine"]("secret", good, body + b" ")
    old = str(int(now) - 301)
    assert not names["is_genuine"]("secret", f"t={old},v1={signature('secret', old, body)}", body)


def test_every_field_is_in_the_example():
    fields = {field.alias or name for name, field in WebhookBody.model_fields.items()} | set(WebhookEvent.model_fields)
    assert {name for name in fields if f'"{name}"' not in PAGE} == set()


def test_every_answer_that_is_for_good_is_named():
    assert all(str(status) in PAGE for status in _PERMANENT)
