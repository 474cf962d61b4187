"""Turning an ONVIF camera: what is sent over real HTTP, how it logs in, and what becomes of each answer."""

import asyncio
import base64
import hashlib
import ipaddress
import xml.etree.ElementTree as ET

import pytest
from tests.support.http_receiver import Answer, HttpReceiver

from haetae.errors import ConfigError, SourceUnavailable
from haetae.ids import new_id
from haetae.sources.address_policy import AddressPolicy, AddressRules
from haetae.sources.onvif import _DIGEST, _PTZ, _SOAP, _WSSE, _WSU
from haetae.sources.pan_tilt import HeadParts, head_settings, make_head

PASSWORD = "the password of the camera"
TURNED = f'<e:Envelope xmlns:e="{_SOAP}"><e:Body><p:GotoPresetResponse xmlns:p="{_PTZ}"/></e:Body></e:Envelope>'.encode()
PRESETS = (
    f'<e:Envelope xmlns:e="{_SOAP}"><e:Body><p:GetPresetsResponse xmlns:p="{_PTZ}"><p:Preset token="1"/><p:Preset token="gate"/>'
    "</p:GetPresetsResponse></e:Body></e:Envelope>"
).encode()
FAULT = (
    f'<e:Envelope xmlns:e="{_SOAP}"><e:Body><e:Fault><e:Reason><e:Text>No such preset</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>'
).encode()
BILLION = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'


def head(url, *, preset="gate", reach=lambda _host: (ipaddress.ip_address("127.0.0.1"),), **settings):
    values = {"driver": "onvif", "preset": preset, "url": url, "profile": "Profile_1", "timeout_s": 1.0, **settings}
    return make_head(new_id(), head_settings(values), HeadParts(reach, lambda _camera_id, _text: None))


def test_a_camera_is_turned_by_one_who_proves_to_know_the_password():
    with HttpReceiver(Answer(body=TURNED)) as receiver:
        url = f"http://camera.example:{receiver.port}/onvif/ptz"
        assert asyncio.run(head(url, username="haetae", password=PASSWORD).go_to("gate")) == "GotoPresetResponse"
    [received] = receiver.received
    assert (received.path, received.headers["host"]) == ("/onvif/ptz", f"camera.example:{receiver.port}")
    assert f'action="{_PTZ}/GotoPreset"' in received.headers["content-type"]
    assert PASSWORD.encode() not in received.body
    sent = ET.fromstring(received.body)
    assert sent.findtext(f".//{{{_PTZ}}}PresetToken") == "gate"
    assert sent.findtext(f".//{{{_PTZ}}}ProfileToken") == "Profile_1"
    given = sent.find(f".//{{{_WSSE}}}Password")
    nonce = base64.b64decode(sent.findtext(f".//{{{_WSSE}}}Nonce"))
    created = sent.findtext(f".//{{{_WSU}}}Created")
    digest = hashlib.sha1(nonce + created.encode() + PASSWORD.encode(), usedforsecurity=False).digest()
    assert (given.text, given.get("Type")) == (base64.b64encode(digest).decode(), _DIGEST)


def test_a_camera_names_its_presets_and_is_asked_without_a_log_in_where_there_is_none():
    with HttpReceiver(Answer(body=PRESETS)) as receiver:
        assert asyncio.run(head(receiver.url).presets()) == ("1", "gate")
    assert b"Security" not in receiver.received[0].body


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Answer(400, body=FAULT), ConfigError, "No such preset"),
        (Answer(200, body=FAULT), ConfigError, "No such preset"),
        (Answer(401, body=b""), ConfigError, "log-in"),
        (Answer(200, body=PRESETS), ConfigError, "something else"),
        (Answer(200, body=b"<html>hello"), SourceUnavailable, "no SOAP answer"),
        (Answer(200, body=BILLION), SourceUnavailable, "no SOAP answer"),
        (Answer(302, headers=(("Location", "http://169.254.169.254/"),), body=b"away"), SourceUnavailable, "no SOAP answer"),
        (Answer(endless=True), SourceUnavailable, "far too much"),
        (Answer(hang=True), SourceUnavailable, "in time"),
    ],
)
def test_each_refusal_and_fault_has_its_words(answer, error, words):
    with HttpReceiver(answer) as receiver, pytest.raises(error, match=words):
        asyncio.run(head(receiver.url).go_to("gate"))


def test_no_camera_is_turned_where_the_policy_allows_none():
    policy = AddressPolicy(AddressRules("notifications", "nobody is told by way of it"))
    with HttpReceiver() as receiver, pytest.raises(ConfigError, match="loopback"):
        asyncio.run(head(receiver.url, reach=policy.reach).go_to("gate"))
    assert receiver.received == []


@pytest.mark.parametrize("preset", ["</x>", "a&b", "<gate", "a\nb", ""])
def test_a_preset_is_never_markup(preset):
    with pytest.raises(ConfigError):
        head("http://camera.example/", preset=preset)
