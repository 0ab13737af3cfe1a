"""The small HTTP client against sockets that misbehave."""

import asyncio
import ipaddress
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dbmedic.models.post import HIGH_WATER, Lost, Post

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers each request with what `say` writes; counts connections, keeps heads."""

    def __init__(self, say) -> None:
        self.say = say
        self.connections = 0
        self.heads: list[str] = []
        self.port = 0

    async def serve(self, reader, writer) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heads.append(head.decode())
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))
                if await self.say(writer, len(self.heads)) == "close":
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def served(say, *, tls=None, **options):
    if isinstance(say, bytes):
        data = say

        async def say(writer, _):
            writer.write(data)
            await writer.drain()

    server = Server(say)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    scheme = "https" if tls else "http"
    post = Post(f"{scheme}://127.0.0.1:{server.port}/v1?x=1", {}, **({"connect_s": 2, "read_s": 2} | options))
    try:
        yield server, post
    finally:
        post.close()
        post.close()
        listening.close()
        await asyncio.sleep(0)


async def whole(post: Post, data: bytes = b"{}") -> tuple[int, bytes]:
    reply = await post.send(data)
    try:
        parts = []
        while part := await reply.data():
            parts.append(part)
        return reply.status, b"".join(parts)
    finally:
        reply.release()


async def test_a_connection_is_used_again():
    async with served(OK) as (server, post):
        assert [await whole(post) for _ in range(3)] == [(200, b"ok")] * 3
        assert server.connections == 1
        assert server.heads[0].startswith(f"POST /v1?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n")


@pytest.mark.parametrize(
    ("wire", "answer"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", (200, b"ok"), id="close"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", (200, b"ok"), id="HTTP/1.0"),
    ],
)
async def test_a_connection_that_the_service_ends_is_not_used_again(wire, answer):
    async with served(wire) as (server, post):
        assert [await whole(post) for _ in range(2)] == [answer] * 2
        assert server.connections == 2


async def test_a_reply_without_a_length_ends_with_its_connection():
    async def say(writer, _):
        writer.write(b"HTTP/1.1 503 Busy\r\n\r\nto")
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(b" the end")
        return "close"

    async with served(say) as (_, post):
        assert await whole(post) == (503, b"to the end")


async def test_a_reply_in_single_bytes_reads_the_same():
    async def say(writer, _):
        for byte in b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n":
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    async with served(say) as (server, post):
        assert [await whole(post) for _ in range(2)] == [(200, b"abcde")] * 2
        assert server.connections == 1


async def test_hints_before_the_reply_are_not_the_reply():
    async with served(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK) as (_, post):
        reply = await post.send(b"{}")
        assert (reply.status, "link" in reply.headers, await reply.data()) == (200, False, b"ok")
        reply.release()


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_no_http_is_lost(wire):
    async with served(wire, read_s=0.5) as (_, post):
        with pytest.raises(Lost):
            await whole(post)


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
    ],
)
async def test_a_reply_cut_short_is_lost(wire):
    async def say(writer, _):
        writer.write(wire)
        return "close"

    async with served(say) as (_, post):
        with pytest.raises(Lost):
            await whole(post)


async def test_a_connection_that_died_while_idle_is_replaced():
    async def say(writer, number):
        writer.write(OK)
        await writer.drain()
        if number == 1:
            await asyncio.sleep(0.02)
            return "close"
        return None

    async with served(say) as (server, post):
        assert await whole(post) == (200, b"ok")
        await asyncio.sleep(0.1)
        assert await whole(post) == (200, b"ok")
        assert server.connections == 2


async def test_a_connection_closed_as_we_write_is_replaced():
    async def say(writer, number):
        if number == 2:
            return "close"
        writer.write(OK)
        await writer.drain()
        return None

    async with served(say) as (server, post):
        assert [await whole(post) for _ in range(2)] == [(200, b"ok")] * 2
        assert (server.connections, len(server.heads)) == (2, 3)


async def test_silence_ends_and_a_slow_service_does_not():
    async def say(writer, number):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(6):
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.write(b"1\r\nx\r\n")
        if number == 1:
            writer.write(b"0\r\n\r\n")
        else:
            await asyncio.sleep(1)

    async with served(say, read_s=0.15) as (_, post):
        assert await whole(post) == (200, b"xxxxxx")
        with pytest.raises(TimeoutError):
            await whole(post)


async def test_a_slow_reader_slows_the_service_down():
    block = b"%x\r\n%b\r\n" % (1 << 16, b"x" * (1 << 16))
    written = 0

    async def say(writer, _):
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(1000):
            writer.write(block)
            await writer.drain()
            written += 1
        writer.write(b"0\r\n\r\n")

    async with served(say) as (_, post):
        reply = await post.send(b"{}")
        await asyncio.sleep(0.3)
        assert written < 1000
        assert reply._size < 4 * HIGH_WATER
        size = 0
        while part := await reply.data():
            size += len(part)
        reply.release()
        assert size == 1000 << 16


async def test_a_reader_that_leaves_ends_the_connection():
    gone = asyncio.Event()

    async def say(writer, _):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        await writer.drain()
        try:
            while True:
                await asyncio.sleep(0.01)
                writer.write(b"1\r\nx\r\n")
                await writer.drain()
        except ConnectionError:
            gone.set()
            raise

    async with served(say) as (_, post):
        reply = await post.send(b"{}")
        assert await reply.data()
        reply.release()
        async with asyncio.timeout(2):
            await gone.wait()


async def test_a_reply_that_outlives_its_client_ends_its_connection():
    async with served(OK) as (_, post):
        reply = await post.send(b"{}")
        post.close()
        assert await reply.data() == b"ok"
        assert await reply.data() == b""
        reply.release()
        assert not post._idle


async def test_an_account_in_the_url_signs_in_unless_a_header_does():
    async with served(OK) as (server, post):
        signed = f"http://us%40er:p%3Aw@127.0.0.1:{server.port}/"
        for headers in ({}, {"Authorization": "Bearer k"}):
            other = Post(signed, headers, connect_s=1, read_s=1)
            await whole(other)
            other.close()
        assert post.port == server.port
    assert "Authorization: Basic dXNAZXI6cDp3\r\n" in server.heads[0]
    assert "Authorization: Bearer k\r\n" in server.heads[1]
    assert all("p%3Aw" not in head for head in server.heads)


def certificate(folder) -> tuple[ssl.SSLContext, str]:
    """A server's side of TLS for 127.0.0.1, and the file that makes it trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dbmedic test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "server.pem", folder / "server.key"
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context, str(pem)


async def test_tls_trusts_what_the_machine_trusts(tmp_path, monkeypatch):
    context, pem = certificate(tmp_path)
    async with served(OK, tls=context) as (server, post):
        with pytest.raises(ssl.SSLCertVerificationError):
            await whole(post)
        monkeypatch.setenv("SSL_CERT_FILE", pem)
        trusting = Post(f"https://127.0.0.1:{server.port}/", {}, connect_s=2, read_s=2)
        assert [await whole(trusting) for _ in range(2)] == [(200, b"ok")] * 2
        trusting.close()
        await asyncio.sleep(0.05)


async def test_a_host_that_never_shakes_hands_is_not_waited_for():
    async with served(OK) as (server, _):
        post = Post(f"https://127.0.0.1:{server.port}/", {}, connect_s=0.1, read_s=5)
        with pytest.raises(ConnectionError, match=r"no connection within 0.1 s"):
            await post.send(b"{}")
        post.close()
