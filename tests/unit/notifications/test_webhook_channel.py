"""Webhooks to a real receiver: what comes, how it is signed, and what becomes of each answer."""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from tests.support.http_receiver import Answer, HttpReceiver
from tests.support.notices import a_notice

from haetae.errors import ConfigError, DeliveryError
from haetae.notifications.base import ChannelParts, channel_settings
from haetae.notifications.channels.webhook import WebhookChannel

SECRET = "between the two of us"


def local(_host):
    return (ipaddress.ip_address("127.0.0.1"),)


def send(url, *, notice=None, reach=local, **settings):
    async def once():
        channel = WebhookChannel(channel_settings("webhook", {"url": url, **settings}), ChannelParts(reach))
        try:
            return await channel.send(notice or a_notice())
        finally:
            await channel.close()

    return asyncio.run(once())


def failing(url, **settings):
    with pytest.raises(DeliveryError) as caught:
        send(url, **settings)
    return caught.value


def test_a_receiver_can_prove_where_a_message_comes_from_and_tell_a_repeated_one():
    notice = a_notice(picture=b"\xff\xd8 picture")
    with HttpReceiver() as receiver:
        for _ in range(2):
            receipt = send(receiver.url, notice=notice, secret=SECRET, headers={"Authorization": "Bearer x"}, include_picture=True)
    assert receipt.answer == "200 thank you"
    first, second = receiver.received
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == str(notice.id)
    assert first.headers["authorization"] == "Bearer x"
    timestamp, given = (part.partition("=")[2] for part in first.headers["x-haetae-signature"].split(","))
    assert given == hmac.new(SECRET.encode(), timestamp.encode() + b"." + first.body, hashlib.sha256).hexdigest()
    assert timestamp == first.headers["x-haetae-timestamp"]
    body = json.loads(first.body)
    assert (body["schema"], body["id"], body["kind"], body["title"]) == ("haetae.notice/1", str(notice.id), "alert", notice.title)
    assert body["events"][0]["camera"] == notice.events[0].camera
    assert base64.b64decode(body["picture"]) == notice.picture


def test_no_picture_and_no_signature_where_none_is_asked_for():
    with HttpReceiver() as receiver:
        send(receiver.url, notice=a_notice(picture=b"picture"))
    [received] = receiver.received
    assert json.loads(received.body)["picture"] is None
    assert "x-haetae-signature" not in received.headers


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (401, False), (403, False), (404, False), (410, True), (422, True), (500, False), (503, False)]
)
def test_what_may_be_mended_is_tried_again(status, permanent):
    with HttpReceiver(Answer(status, body=b"no\nway")) as receiver:
        error = failing(receiver.url)
    assert (error.permanent, error.answer) == (permanent, f"{status} no way")


@pytest.mark.parametrize("value", ["90", "a date", "soon", "-5", "9" * 400])
def test_a_receiver_may_say_when_to_come_back_within_reason(value):
    if value == "a date":
        value = format_datetime(datetime.now(UTC) + timedelta(hours=9))
    with HttpReceiver(Answer(429, (("Retry-After", value),))) as receiver:
        error = failing(receiver.url)
    assert error.permanent is False
    assert error.retry_after_s == {"90": 90.0, "soon": None, "-5": None}.get(value, 3600.0)


def test_a_receiver_that_is_not_there_hangs_or_never_ends_costs_bounded_time_and_memory():
    with HttpReceiver(Answer(hang=True), Answer(endless=True)) as receiver:
        error = failing(receiver.url, timeout_s=1)
        assert "in time" in error.message
        assert send(receiver.url, timeout_s=5).answer.startswith("200 thank you")
        gone = receiver.url
    assert "cannot be reached" in failing(gone).message


def test_a_redirect_is_followed_with_the_message_but_without_the_secrets():
    with HttpReceiver() as second, HttpReceiver(Answer(308, (("Location", second.url),))) as first:
        send(first.url, secret=SECRET, headers={"Authorization": "Bearer x"})
    assert first.received[0].body == second.received[0].body
    assert "x-haetae-signature" in first.received[0].headers
    assert not {"x-haetae-signature", "authorization"} & second.received[0].headers.keys()


@pytest.mark.parametrize(
    ("status", "location"),
    [(302, "http://127.0.0.1:1/"), (307, "file:///etc/passwd"), (307, "gopher://x/"), (307, ""), (307, "http://user@127.0.0.1/")],
)
def test_a_redirect_to_what_is_no_place_for_it_is_refused(status, location):
    with HttpReceiver(*(Answer(status, (("Location", location),)) for _ in range(9))) as receiver:
        assert "redirect" in str(failing(receiver.url))


def test_every_address_is_judged_when_it_is_connected_to():
    asked = []

    def reach(host):
        asked.append(host)
        if len(asked) > 1:
            raise ConfigError("loopback is refused")
        return local(host)

    with HttpReceiver(Answer(307, (("Location", "/other"),))) as receiver:
        error = failing(f"http://rebound.example:{receiver.port}/hook", reach=reach)
    assert asked == ["rebound.example", "rebound.example"]
    assert error.message == "loopback is refused"
    [received] = receiver.received
    assert received.headers["host"] == f"rebound.example:{receiver.port}", "the name stays, the address is the one that was judged"


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "ftp://example.org/"},
        {"url": "https://user:password@example.org/"},
        {"url": "https://"},
        {"url": "https://exa mple.org/"},
        {"url": "https://example.org:99999/"},
        {"url": "https://example.org/", "headers": {"Host": "x"}},
        {"url": "https://example.org/", "headers": {"X-Haetae-Signature": "x"}},
        {"url": "https://example.org/", "headers": {"X": "a\r\nInjected: b"}},
        {"url": "https://example.org/", "timeout_s": 1000},
        {"url": "https://example.org/", "unknown": 1},
    ],
)
def test_settings_that_mean_nothing_are_refused_without_their_values(settings):
    with pytest.raises(ConfigError) as caught:
        channel_settings("webhook", settings)
    assert "password" not in str(caught.value)
    assert "Injected" not in str(caught.value)
