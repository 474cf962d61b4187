import ipaddress

import pytest

from haetae.sources.addresses import AddressKind, kind_of, meant, numeric


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.0.1", "0X7F.0.0.01"]
)
def test_every_way_of_writing_an_ipv4_address_is_read_as_the_system_reads_it(text: str) -> None:
    assert numeric(text) == ipaddress.ip_address("127.0.0.1")


@pytest.mark.parametrize("text", ["camera", "camera.lan", "1.2.3.4.5", "1.2.3.256", "0xg", "1.2.3.4.", "deadbeef", "-1"])
def test_a_name_is_no_address(text: str) -> None:
    assert numeric(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "::ffff:10.0.0.5",
        "::10.0.0.5",
        "::ffff:0:10.0.0.5",
        "64:ff9b::10.0.0.5",
        "64:ff9b:1::10.0.0.5",
        "2002:a00:5::1",
        "2001:0:102:304::f5ff:fffa",
    ],
)
def test_an_ipv4_address_inside_an_ipv6_one_is_seen(text: str) -> None:
    assert meant(ipaddress.ip_address(text)) == ipaddress.ip_address("10.0.0.5")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("127.0.0.1", AddressKind.LOOPBACK),
        ("127.255.255.254", AddressKind.LOOPBACK),
        ("::1", AddressKind.LOOPBACK),
        ("::ffff:127.0.0.1", AddressKind.LOOPBACK),
        ("::7f00:1", AddressKind.LOOPBACK),
        ("64:ff9b::7f00:1", AddressKind.LOOPBACK),
        ("2002:7f00:1::", AddressKind.LOOPBACK),
        ("169.254.169.254", AddressKind.LINK_LOCAL),
        ("::ffff:a9fe:a9fe", AddressKind.LINK_LOCAL),
        ("fe80::1", AddressKind.LINK_LOCAL),
        ("fd00:ec2::254", AddressKind.LINK_LOCAL),
        ("100.100.100.200", AddressKind.LINK_LOCAL),
        ("0.0.0.0", AddressKind.UNSPECIFIED),
        ("0.1.2.3", AddressKind.UNSPECIFIED),
        ("::", AddressKind.UNSPECIFIED),
        ("::ffff:0.0.0.0", AddressKind.UNSPECIFIED),
        ("224.0.0.1", AddressKind.MULTICAST),
        ("ff02::1", AddressKind.MULTICAST),
        ("240.0.0.1", AddressKind.RESERVED),
        ("255.255.255.255", AddressKind.RESERVED),
        ("fec0::1", AddressKind.RESERVED),
        ("10.0.0.5", AddressKind.ORDINARY),
        ("192.168.7.5", AddressKind.ORDINARY),
        ("100.64.0.7", AddressKind.ORDINARY),
        ("fd12:3456::5", AddressKind.ORDINARY),
        ("8.8.8.8", AddressKind.ORDINARY),
        ("2606:4700::1111", AddressKind.ORDINARY),
        ("64:ff9b::808:808", AddressKind.ORDINARY),
    ],
)
def test_addresses_are_told_apart(text: str, kind: AddressKind) -> None:
    assert kind_of(ipaddress.ip_address(text)) is kind
