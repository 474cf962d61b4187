"""Messengers through Apprise, to a real receiver on loopback."""

import asyncio
import ipaddress
import json

import pytest
from tests.support.http_receiver import Answer, HttpReceiver
from tests.support.notices import a_notice

from haetae.errors import ConfigError, DeliveryError
from haetae.notifications.base import ChannelParts, channel_settings

pytest.importorskip("apprise", reason="the extra `notify` is not installed")

from haetae.notifications.channels.apprise import AppriseChannel


def channel(url, reach=lambda _host: (ipaddress.ip_address("127.0.0.1"),)):
    return AppriseChannel(channel_settings("apprise", {"url": url}), ChannelParts(reach))


def test_a_messenger_gets_title_and_text():
    notice = a_notice()
    with HttpReceiver() as receiver:
        asyncio.run(channel(f"ntfy://127.0.0.1:{receiver.port}/guards").send(notice))
    [received] = receiver.received
    assert notice.title in json.dumps(json.loads(received.body), ensure_ascii=False)


def test_a_messenger_that_refuses_is_tried_again():
    with HttpReceiver(Answer(500), Answer(500), Answer(500)) as receiver, pytest.raises(DeliveryError) as caught:
        asyncio.run(channel(f"ntfy://127.0.0.1:{receiver.port}/guards").send(a_notice()))
    assert not caught.value.permanent


def test_a_host_that_the_policy_refuses_is_not_connected_to():
    def refuse(_host):
        raise ConfigError("loopback is refused")

    with HttpReceiver() as receiver, pytest.raises(DeliveryError, match="loopback is refused"):
        asyncio.run(channel(f"ntfy://127.0.0.1:{receiver.port}/guards", refuse).send(a_notice()))
    assert receiver.received == []


@pytest.mark.parametrize(
    "url",
    [
        "exec://rm",
        "file:///etc/passwd",
        "syslog://",
        "dbus://",
        "gnome://",
        "windows://",
        "json://127.0.0.1/",
        "xml://127.0.0.1/",
        "form://127.0.0.1/",
        "mailto://user:secret-token@example.org",
        "slack://secret-token",
        "nonsense",
        "",
    ],
)
def test_what_runs_commands_writes_files_or_is_no_messenger_is_refused_without_its_tokens(url):
    with pytest.raises(ConfigError) as caught:
        channel_settings("apprise", {"url": url})
    assert "secret-token" not in str(caught.value)
