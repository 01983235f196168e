"""Which addresses settings may name: a service's own, and private ones with their port."""

from __future__ import annotations

import pickle

import pytest
from help.settings import CANARY, complaint, write

from chatframes.settings.merge import load_config


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://webexapis.com/v1/", "https://webexapis.com/v1"),
        ("HTTPS://Gateway.Example:8443/Webex//", "https://gateway.example:8443/Webex"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9:1/v1", "http://127.9.9.9:1/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://localhost:8080/v1", "http://localhost:8080/v1"),
    ],
)
def test_base_url_is_https_or_on_this_machine(url, kept):
    assert load_config({"webex": {"base_url": url}}).webex.base_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://webexapis.com/v1",
        "http://localhost.example.com/v1",
        "http://127.0.0.1.example.com/",
        "http://192.168.0.1/v1",
        "http://2130706433/v1",
        "ftp://127.0.0.1/v1",
        "//webexapis.com/v1",
        "webexapis.com/v1",
        "https://",
        "https:///v1",
        "https://host:99999/v1",
        "https://host:/v1",
        "https://[::1/v1",
        "https://host/v1?x=1",
        "https://host/v1#x",
        "https://host/v1?",
        "https://ho st/v1",
        "https://host\n/v1",
        "https://host\\@evil.example/v1",
        "https://hóst/v1",
        f"https://user:{CANARY}@host/v1",
        f"https://{CANARY}@host/v1",
        "",
    ],
)
def test_any_other_base_url_is_refused_without_being_repeated(url):
    said = complaint({"webex": {"base_url": url}})
    assert "webex.base_url must be one that" in said
    assert CANARY not in said


@pytest.mark.parametrize(
    ("host", "kept"),
    [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        (" 10.0.0.5:443\n", "10.0.0.5:443"),
        ("Media.Local:08080", "media.local:8080"),
        ("localhost:1", "localhost:1"),
        ("my_nas:65535", "my_nas:65535"),
        ("xn--bcher-kva.example:80", "xn--bcher-kva.example:80"),
        ("[::1]:8080", "[::1]:8080"),
        ("[FD00:0:0::5]:80", "[fd00::5]:80"),
    ],
)
def test_a_private_address_is_allowed_with_its_port_and_tidied(host, kept):
    config = load_config({"downloads": {"allowed_private_hosts": ["a:1", host, "a:1", kept]}})
    assert config.downloads.allowed_private_hosts == ("a:1", kept)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "10.0.0.5",
        "10.0.0.5:",
        "10.0.0.5:0",
        "10.0.0.5:65536",
        "10.0.0.5:+80",
        "10.0.0.5:８０",
        "10.0.0.0/8:80",
        "10.0.0.*:80",
        "*:80",
        "*.local:80",
        "*",
        "media.local:*",
        "http://10.0.0.5:80",
        "//10.0.0.5:80",
        "10.0.0.5:80/path",
        "10.0.0.5:80?x",
        f"me:{CANARY}@10.0.0.5:80",
        ":80",
        "a b:80",
        "a\nb:80",
        "bücher.example:80",
        "\u212a:80",  # in lower case a plain k
        "media.local.:80",
        "a..b:80",
        "-a:80",
        "::1:80",
        "[::1]",
        "[::1:80",
        "[fe80::1%eth0]:80",
        "[10.0.0.5]:80",
        "[media.local]:80",
        # not the addresses they look like, or another one to every program
        "127.1:80",
        "2130706433:80",
        "0x7f000001:80",
        "0177.0.0.1:80",
        "256.0.0.1:80",
        "1.2.3.4.5:80",
        5,
        None,
        ["10.0.0.5:80"],
    ],
)
def test_any_other_private_address_is_refused_without_being_repeated(host):
    said = complaint({"downloads": {"allowed_private_hosts": ["a:1", host]}})
    assert "downloads.allowed_private_hosts must be one that lists exact addresses with their ports" in said
    assert said.endswith(": correct item 2.")
    assert CANARY not in said


def test_the_files_list_of_private_addresses_is_read(quiet_place):
    path = write(quiet_place, '{"downloads": {"allowed_private_hosts": ["127.0.0.1:80"], "trust_env": true}}')
    downloads = load_config(path).downloads
    assert (downloads.allowed_private_hosts, downloads.trust_env) == (("127.0.0.1:80",), True)
    assert pickle.loads(pickle.dumps(downloads)) == downloads
