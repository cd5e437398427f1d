"""Requests over HTTP, without a server; those with one are in tests/checkpoints/test_cache.py."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
import urllib.request
from email.message import Message

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.utils import web


@pytest.mark.parametrize(
    ("url", "asked", "login"),
    [
        ("http://host/a b.pth", "http://host/a%20b.pth", None),
        ("http://host/a%20b.pth?x=1 2#part", "http://host/a%20b.pth?x=1%202", None),
        ("http://host/ü.pth", "http://host/%C3%BC.pth", None),
        ("http://bücher.example:80/a", "http://xn--bcher-kva.example:80/a", None),
        ("http://[::1]:8080/a", "http://[::1]:8080/a", None),
        ("http://me:s%40fe@host/a", "http://host/a", "Basic bWU6c0BmZQ=="),
    ],
)
def test_addresses(url, asked, login):
    assert web._address(url) == (asked, {} if login is None else {"Authorization": login})


@pytest.mark.parametrize(
    "url", ["ftp://host/a", "host/a", "http:///a", "http://[bad/a", "http://host:port/a"]
)
def test_what_is_no_address(url):
    with pytest.raises(web.TransferError, match="not an address that can be asked"):
        web.request(url, seconds=1)


@pytest.mark.parametrize(
    ("error", "said", "passing"),
    [
        (urllib.error.URLError(TimeoutError()), "no answer within 5 s", True),
        (
            urllib.error.URLError(socket.gaierror(-2, "Name or service not known")),
            "the host is not known",
            True,
        ),
        (urllib.error.URLError(ssl.SSLCertVerificationError()), "its certificate is not trusted", False),
        (ConnectionResetError(), "the connection broke off", True),
        (http.client.IncompleteRead(b""), "the connection broke off", True),
        (http.client.BadStatusLine("\x16"), "it does not answer as a web server does", True),
        (http.client.InvalidURL("a\nb"), "this is not an address that can be asked (a b)", False),
        (
            urllib.error.HTTPError("u", 503, "x", Message(), None),
            "it answers 503 (trouble of the server)",
            True,
        ),
        (urllib.error.HTTPError("u", 501, "x", Message(), None), "it answers 501", False),
        (urllib.error.HTTPError("u", 407, "x", Message(), None), "(access is refused)", False),
    ],
)
def test_failures_are_one_sentence(error, said, passing):
    explained = web.explain(error, 5)
    assert said in str(explained)
    assert "\n" not in str(explained)
    assert explained.passing is passing


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("https://host/a", "http://host/a", "redirects from https to http"),
        ("http://host/a", "ftp://host/a", "redirects to a ftp:// address"),
        ("http://host/a", "file:///a", "redirects to a file:// address"),
    ],
)
def test_redirects_that_are_not_followed(before, after, said):
    asked = urllib.request.Request(before)
    with pytest.raises(web.TransferError, match=said):
        web._Redirects().redirect_request(asked, None, 302, "Found", Message(), after)


def test_a_password_is_meant_for_one_host():
    asked = urllib.request.Request("http://one/a", headers={"Authorization": "secret", "Range": "bytes=5-"})
    for url, kept in (("http://one/b", True), ("http://two/b", False)):
        following = web._Redirects().redirect_request(asked, None, 302, "Found", Message(), url)
        assert following.has_header("Authorization") is kept
        assert following.has_header("Range")


def test_messages_hide_passwords_and_keys():
    assert web.shown("https://me:secret@host/a.pth?token=abc") == "https://host/a.pth"


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon"])
def test_a_timeout_is_a_number_of_seconds(monkeypatch, text):
    monkeypatch.setenv("MMPRETRAIN_TIMEOUT", text)
    with pytest.raises(ConfigError, match="MMPRETRAIN_TIMEOUT"):
        web.timeout()
