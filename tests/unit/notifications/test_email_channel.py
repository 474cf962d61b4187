"""Mail to a real server: with TLS and log-in, and what becomes of each refusal."""

import asyncio
import ipaddress

import pytest
from tests.support.mail_server import PASSWORD, USER, MailServer, certificate
from tests.support.notices import a_notice

from haetae.domain.notice import NoticeKind
from haetae.errors import ConfigError, DeliveryError
from haetae.notifications.base import ChannelParts, channel_settings
from haetae.notifications.channels.email import EmailChannel

TO = "guard@example.org"


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("tls"))


def local(_host):
    return (ipaddress.ip_address("127.0.0.1"),)


def send(server, notice=None, *, reach=local, port=None, **settings):
    values = {"host": "localhost", "port": port or server.port, "security": "none", "sender": "Haetae <haetae@example.org>", "timeout_s": 5}

    async def once():
        channel = EmailChannel(channel_settings("email", {**values, **settings}), ChannelParts(reach))
        try:
            return await channel.send(notice or a_notice(target=TO))
        finally:
            await nothing_is_open()

    return asyncio.run(once())


async def nothing_is_open():
    """A loop that goes on closes what was given up; this one ends, so wait for it. It proves that nothing stays open."""
    async with asyncio.timeout(10):
        while any(transport._sock is not None for transport in asyncio.get_running_loop()._transports.values()):
            await asyncio.sleep(0.001)


def failing(server, **settings):
    with pytest.raises(DeliveryError) as caught:
        send(server, **settings)
    return caught.value


def test_a_mail_has_text_page_and_picture_and_the_same_id_each_time():
    notice = a_notice(target=TO, picture=b"\xff\xd8 picture", title="싸움: 정문")
    with MailServer() as server:
        receipt = send(server, notice)
        send(server, notice)
    (recipients, first), (_, second) = server.received
    assert recipients == [TO]
    assert first["Message-ID"] == second["Message-ID"] == receipt.message_id
    assert str(notice.id) in first["Message-ID"]
    assert (first["Subject"], first["To"], str(first["From"])) == ("싸움: 정문", TO, "Haetae <haetae@example.org>")
    assert first["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe" not in first
    assert first.get_body(("plain",)).get_content().replace("\r\n", "\n").strip() == notice.text.strip()
    assert "cid:picture" in first.get_body(("html",)).get_content()
    [picture] = [part for part in first.walk() if part.get_content_type() == "image/jpeg"]
    assert (picture["Content-ID"], picture.get_content()) == ("<picture>", notice.picture)


def test_an_update_is_a_reply_and_a_digest_may_be_left():
    update = a_notice(target=TO, kind=NoticeKind.UPDATE, reply_to="<first@example.org>")
    digest = a_notice(target=TO, kind=NoticeKind.DIGEST, unsubscribe_url="https://site.example/u?token=1")
    with MailServer() as server:
        send(server, update)
        send(server, digest)
    (_, first), (_, second) = server.received
    assert first["In-Reply-To"] == first["References"] == "<first@example.org>"
    assert second["List-Unsubscribe"] == "<https://site.example/u?token=1>"
    assert second["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_password_goes_over_tls_to_the_server_whose_name_it_is(tls, security):
    with MailServer(tls=tls, security=security, login=True) as server:
        send(server, security=security, username=USER, password=PASSWORD, ca_file=str(tls[0]))
        assert server.logins == [(USER, PASSWORD)]
        wrong = failing(server, security=security, username=USER, password="a wrong one", ca_file=str(tls[0]))
        assert "log-in" in wrong.message
        assert not wrong.permanent
        assert "wrong one" not in f"{wrong} {wrong.answer}"
        shown = len(server.logins)
        unknown = failing(server, security=security, username=USER, password=PASSWORD)
        assert "TLS" in unknown.message
        other = failing(server, host="other.example", security=security, username=USER, password=PASSWORD, ca_file=str(tls[0]))
        assert "TLS" in other.message
        assert len(server.logins) == shown, "nobody else was shown the password"
        send(server, security=security, username=USER, password=PASSWORD, verify_certificate=False)


def test_a_server_without_tls_gets_no_password():
    with MailServer() as server:
        error = failing(server, security="starttls", username=USER, password=PASSWORD)
    assert not error.permanent
    assert server.logins == []


@pytest.mark.parametrize(("answer", "permanent"), [("450 later", False), ("550 unknown", True)])
def test_a_recipient_that_is_refused_for_good_is_not_tried_again(answer, permanent):
    with MailServer() as server:
        server.refuses = lambda _address: answer
        error = failing(server)
    assert (error.permanent, error.answer) == (permanent, answer)


@pytest.mark.parametrize(("answer", "permanent"), [("451 busy", False), ("554 spam", True), ("hang up", False)])
def test_a_message_that_is_refused_for_good_is_not_tried_again(answer, permanent):
    with MailServer() as server:
        server.answer = answer
        error = failing(server)
    assert error.permanent is permanent
    assert server.received == []


def test_a_server_that_is_not_there_or_never_speaks_costs_bounded_time():
    heard = None

    async def listen(reader, writer):
        await reader.read()
        writer.close()
        await writer.wait_closed()
        heard.set()

    async def silent():
        nonlocal heard
        heard = asyncio.Event()
        server = await asyncio.start_server(listen, "127.0.0.1", 0)
        channel = EmailChannel(
            channel_settings(
                "email",
                {"host": "localhost", "port": server.sockets[0].getsockname()[1], "security": "none", "sender": TO, "timeout_s": 1},
            ),
            ChannelParts(local),
        )
        try:
            with pytest.raises(DeliveryError, match="in time|broke off") as caught:
                await channel.send(a_notice(target=TO))
        finally:
            server.close()
            await heard.wait()
            await nothing_is_open()
        return caught.value

    assert not asyncio.run(silent()).permanent
    with MailServer() as server:
        port = server.port
    assert "cannot be reached" in failing(server, port=port).message


def test_a_host_that_the_policy_refuses_is_not_connected_to():
    def refuse(_host):
        raise ConfigError("loopback is refused", hint="allow it")

    with MailServer() as server:
        assert failing(server, reach=refuse).message == "loopback is refused"


@pytest.mark.parametrize(
    "settings",
    [
        {"sender": "no address"},
        {"sender": "a@b.c\r\nBcc: x@y.z"},
        {"port": 0},
        {"security": "maybe"},
        {"host": ""},
        {"unknown": 1},
    ],
)
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(ConfigError, match="email: "):
        channel_settings("email", {"host": "mail.example.org", "sender": TO, **settings})


@pytest.mark.parametrize(
    "target", ["", "nobody", "a@b@c.d", "a b@c.d", "a@c.d\nBcc: e@f.g", "x" * 300 + "@c.d", "Name <a@b.c>", "a@b.c,d@e.f"]
)
def test_what_is_no_address_is_refused(target):
    with pytest.raises(ConfigError, match="address"):
        EmailChannel.check_target(target)
    EmailChannel.check_target(TO)
