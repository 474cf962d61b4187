"""The model and its server as attackers: where the server may be, what it may answer, and what its words may do."""

import asyncio
from ipaddress import ip_address

import httpx2
import pytest
from tests.support.events import make_event
from tests.support.looks import analyzer_parts, look
from tests.support.model_server import GOOD, ModelServer, says

from haetae.domain.delivery import Occurrence
from haetae.domain.event import Severity
from haetae.domain.notice import NoticeKind
from haetae.domain.rule import Rule
from haetae.errors import ConfigError, SourceUnavailable
from haetae.ids import new_id
from haetae.notifications.composing import Composer
from haetae.notifications.templates import NoticeContent, make_notice
from haetae.pipeline.model_server import vlm_reach
from haetae.settings import VlmSettings
from haetae.sources.address_policy import AddressPolicy, AddressRules
from haetae.vlm.http import MOST_ANSWER_BYTES, AnswerTooLong, PinnedTransport


@pytest.mark.parametrize("host", ["169.254.169.254", "0xa9fea9fe", "[::ffff:169.254.169.254]", "[fe80::1]", "224.0.0.1", "0.0.0.0"])
def test_a_server_is_never_looked_for_where_cloud_metadata_answers(host):
    with pytest.raises(ConfigError):
        vlm_reach(VlmSettings())(host)


def test_this_machine_itself_can_be_ruled_out_and_networks_can_be_ruled_in():
    assert [str(each) for each in vlm_reach(VlmSettings())("127.0.0.1")] == ["127.0.0.1"]
    with pytest.raises(ConfigError, match=r"vlm\.allow_loopback"):
        vlm_reach(VlmSettings(allow_loopback=False))("127.0.0.1")
    with pytest.raises(ConfigError, match=r"vlm\.allowed_networks"):
        vlm_reach(VlmSettings(allowed_networks=("10.0.0.0/8",)))("192.168.1.5")


class Recorded(httpx2.AsyncBaseTransport):
    """Keeps the requests that would have gone out."""

    def __init__(self, body=b"{}"):
        self.requests = []
        self.body = body

    async def handle_async_request(self, request):
        async def chunks():
            for start in range(0, len(self.body), 65536):
                yield self.body[start : start + 65536]

        self.requests.append(request)
        return httpx2.Response(200, content=chunks())


def fetch(transport, url="https://models.example:8443/v1/models"):
    async def get():
        async with httpx2.AsyncClient(transport=transport, follow_redirects=False) as client:
            return await client.get(url)

    return asyncio.run(get())


def test_each_request_goes_to_the_very_address_that_was_judged():
    inner = Recorded()
    fetch(PinnedTransport(lambda _host: [ip_address("10.1.2.3")], inner))
    [request] = inner.requests
    assert request.url.host == "10.1.2.3"
    assert request.headers["host"] == "models.example:8443"
    assert request.extensions["sni_hostname"] == "models.example", "the certificate is still that of the name"


def test_a_name_that_means_this_network_by_now_is_refused_by_now():
    answers = iter([["93.184.216.34"], ["169.254.169.254"]])
    policy = AddressPolicy(AddressRules("vlm", "no model is asked there"), resolve=lambda _name: next(answers))
    inner = Recorded()
    transport = PinnedTransport(policy.reach, inner)
    assert fetch(transport).status_code == 200
    with pytest.raises(httpx2.ConnectError, match="link-local"):
        fetch(transport)
    assert len(inner.requests) == 1


def test_a_name_that_nobody_knows_is_one_more_fault():
    def unknown(_host):
        raise SourceUnavailable("the host is unknown")

    with pytest.raises(httpx2.ConnectError, match="unknown"):
        fetch(PinnedTransport(unknown, Recorded()))


def test_an_answer_without_end_is_cut():
    with pytest.raises(AnswerTooLong):
        fetch(PinnedTransport(lambda _host: [ip_address("10.1.2.3")], Recorded(b"x" * (MOST_ANSWER_BYTES + 1))))


HOSTILE = "<script>alert(1)</script> {{ 7*7 }} \x1b[2J http://evil.example\r\nBcc: all@example.org"


def test_words_of_a_model_are_text_wherever_they_are_shown():
    with ModelServer(says(GOOD | {"summary": HOSTILE})) as server:
        [analysis] = look(analyzer_parts(server.url), make_event())
    event = make_event(vlm_type="Fighting", vlm_description=analysis.description, vlm_confidence=0.8)
    composer = Composer("Site", "https://site.example", lambda _event: None)
    rule = Rule(new_id(), "all")
    content = NoticeContent(
        kind=NoticeKind.ALERT,
        language="en",
        site="Site",
        events=(composer.notice_event(Occurrence(event, "gate"), rule),),
        change=None,
        held_back=0,
        time_zone="UTC",
        created_at=event.timestamp,
        severity=Severity.HIGH,
        has_picture=False,
        unsubscribe_url="",
    )
    notice = make_notice(content, id=new_id(), target="", picture=None, reply_to=None, override=None)
    assert "<script>" not in notice.html
    # Not worked out by the template: it stands there as it was said.
    assert "{{ 7*7 }}" in notice.text
    assert "\n" not in notice.title
    assert "\r" not in notice.title


def test_words_of_a_model_are_bounded():
    with ModelServer(says(GOOD | {"summary": "x" * 100_000})) as server:
        [analysis] = look(analyzer_parts(server.url), make_event())
    assert analysis.failed
    assert len(analysis.provenance.raw) <= 20_000
    assert len(analysis.description) < 2000
