"""The way to a server: proxies, certificates, and what is said when it is barred."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest

from coderapp.api.http_client import HttpClient
from coderapp.api.proxies import is_loopback, proxy_for
from coderapp.api.transport import Transport
from coderapp.core.errors import ConnectionLost, EndpointError, RateLimited, TimedOut, Unreachable
from coderapp.core.events import StreamEvent
from coderapp.core.profile import Timeouts
from tests.helpers.hostile_server import Behaviour, HostileServer, free_port, hostile_server, sends, stalls, streams
from tests.unit.api.scenes import Waits, checked, collect, failure, request_to, run
from tests.unit.api.test_http_client import EVENTS, STREAM


@pytest.mark.parametrize(
    ("host", "here"),
    [("localhost", True), ("LOCALHOST.", True), ("api.localhost", True), ("127.0.0.1", True), ("127.8.9.1", True),
     ("::1", True), ("0.0.0.0", True), ("::ffff:127.0.0.1", True), ("10.0.0.1", False), ("localhost.example", False),
     ("example.org", False), ("", False), ("fe80::1%eth0", False)],
)  # fmt: skip
def test_this_machine(host: str, here: bool) -> None:
    assert is_loopback(host) is here


@pytest.mark.parametrize(
    ("url", "settings", "proxy"),
    [
        ("https://a.test/v1", {}, ""),
        ("https://a.test/v1", {"https_proxy": "http://p:3128"}, "http://p:3128"),
        ("https://a.test/v1", {"https_proxy": "p:3128"}, "http://p:3128"),
        ("https://a.test/v1", {"http_proxy": "http://p:3128"}, ""),
        ("http://a.test/v1", {"http_proxy": "http://p:3128", "all_proxy": "socks5://s"}, "http://p:3128"),
        ("http://a.test/v1", {"all_proxy": "socks5://s"}, "socks5://s"),
        ("https://a.test/v1", {"https_proxy": "http://p", "no_proxy": "a.test"}, ""),
        ("https://a.test:8443/v1", {"https_proxy": "http://p", "no_proxy": ".test, other"}, ""),
        ("https://b.test/v1", {"https_proxy": "http://p", "no_proxy": "a.test"}, "http://p"),
        ("https://b.test/v1", {"https_proxy": "http://p", "no_proxy": "*"}, ""),
        ("http://10.1.2.3/v1", {"http_proxy": "http://p", "no_proxy": "host,10.0.0.0/8"}, ""),
        ("http://11.1.2.3/v1", {"http_proxy": "http://p", "no_proxy": "host,10.0.0.0/8"}, "http://p"),
        ("http://127.0.0.1:80/v1", {"http_proxy": "http://p"}, ""),
        ("http://localhost/v1", {"http_proxy": "http://p", "all_proxy": "http://p"}, ""),
        ("http://[::1]:5/v1", {"http_proxy": "http://p"}, ""),
    ],
)
def test_which_proxy(url: str, settings: dict[str, str], proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


def through(behaviour: Behaviour, url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[StreamEvent], HostileServer]:
    """The events of a request to `url` with a proxy that behaves so."""

    async def scene() -> tuple[list[StreamEvent], HostileServer]:
        async with hostile_server(behaviour) as proxy:
            monkeypatch.setenv("http_proxy", proxy.url)
            monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//name:password@"))
            client = HttpClient(Waits().policy())
            events = await collect(client, request_to(url, timeouts=Timeouts(1, 0.3, 0.3)))
            await client.aclose()
            return checked(events), proxy

    return run(scene())


def test_a_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    events, proxy = through(streams(STREAM), "http://far.test/v1", monkeypatch)
    assert events == EVENTS
    assert proxy.requests[0].target == "http://far.test/v1/chat/completions"


def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    denied = sends(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
    events, proxy = through(denied, "https://far.test/v1", monkeypatch)
    error = failure(events)
    assert isinstance(error, Unreachable)
    assert f"The proxy 127.0.0.1:{proxy.port} does not let the request through to far.test: 407" in error.sentence
    assert "password" not in error.sentence
    assert proxy.requests[0].method == "CONNECT"
    assert "authorization" not in proxy.requests[0].headers  # the key is for the far end alone


def test_a_proxy_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    error = failure(through(stalls, "https://far.test/v1", monkeypatch)[0])
    assert isinstance(error, TimedOut)
    error = failure(through(sends(b""), "http://far.test/v1", monkeypatch)[0])
    assert isinstance(error, ConnectionLost)
    assert error.sentence.startswith("The proxy 127.0.0.1:")
    for value, words in (
        (f"http://127.0.0.1:{free_port()}", "refused the connection"),
        ("socks5://127.0.0.1:1080", "is a SOCKS proxy"),
        ("gopher://127.0.0.1:70", "can't be used"),
        ("http://[", "can't be used"),
    ):
        monkeypatch.setenv("http_proxy", value)
        events = run(collect(HttpClient(Waits().policy()), request_to("http://far.test/v1")))
        assert words in failure(checked(events)).sentence


def test_no_proxy_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")

    async def scene() -> list[StreamEvent]:
        async with hostile_server(streams(STREAM)) as server:
            client = HttpClient()
            events = await collect(client, request_to(server.url))
            await client.aclose()
            return events

    assert run(scene()) == EVENTS


# TLS

ANSWER = streams(STREAM)


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate of its own for `name`, and the file of that certificate."""
    pytest.importorskip("cryptography")  # comes with the keyring's Linux backend
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    alternative: x509.GeneralName = x509.DNSName(name)
    if name[0].isdigit():
        alternative = x509.IPAddress(ipaddress.ip_address(name))
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(public, private)
    return context, public


def over_tls(context: ssl.SSLContext | None, behaviour: Behaviour = ANSWER, scheme: str = "https") -> list[StreamEvent]:
    async def scene() -> list[StreamEvent]:
        async with hostile_server(behaviour, context) as server:
            client = HttpClient(Waits().policy())
            events = await collect(client, request_to(f"{scheme}://{server.host}/v1"))
            await client.aclose()
            return checked(events)

    return run(scene())


def test_a_certificate_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, public = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    assert over_tls(context) == EVENTS
    cut = failure(over_tls(context, sends(b"", then="reset")))
    assert isinstance(cut, ConnectionLost)


def test_certificates_that_can_not_be_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, public = certificate(tmp_path, "other.test")
    error = failure(over_tls(context))
    assert isinstance(error, Unreachable)
    assert "can't be trusted: self-signed certificate" in error.sentence
    assert "SSL_CERT_FILE" in error.advice
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    assert "IP address mismatch" in failure(over_tls(context)).sentence


def test_certificates_that_can_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (None, b"no certificate"):
        file = tmp_path / "authorities.pem"
        if content is not None:
            file.write_bytes(content)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        error = failure(over_tls(None))
        assert isinstance(error, Unreachable)
        assert "The certificates can't be read" in error.sentence


def test_the_wrong_scheme(tmp_path: Path) -> None:
    async def plain() -> list[StreamEvent]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
            url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
            return checked(await collect(HttpClient(Waits().policy()), request_to(url)))

    error = failure(run(plain()))
    assert isinstance(error, Unreachable)
    assert "it does not speak TLS" in error.sentence
    assert "http://" in error.advice
    context, _ = certificate(tmp_path, "127.0.0.1")
    assert isinstance(failure(over_tls(context, scheme="http")), EndpointError)


def test_closing_twice_is_no_fault() -> None:
    async def scene() -> None:
        transport = Transport()
        await transport.aclose()
        await transport.aclose()

    asyncio.run(scene())


def test_a_wait_that_a_proxy_names_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = sends(b"HTTP/1.1 429 Slow\r\nretry-after: 99\r\ncontent-length: 0\r\n\r\n")
    error = failure(through(busy, "http://far.test/v1", monkeypatch)[0])
    assert isinstance(error, RateLimited)
    assert error.retry_after == 99
