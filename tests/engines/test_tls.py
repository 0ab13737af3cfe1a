"""TLS as the URL asks for it, against servers whose certificate a private authority signed."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dbmedic.cli import servers
from dbmedic.core.errors import Unreachable
from dbmedic.core.values import Instance
from dbmedic.engines import open_engine
from fix_servers import Server, private_folder, private_mariadb, private_redis


def authority(folder: Path, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = _built(subject, subject, key.public_key(), key, x509.BasicConstraints(ca=True, path_length=0))
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return certificate, key


def _built(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, signer: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:  # fmt: skip
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=public)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
    return builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints)).sign(
        signer, hashes.SHA256()
    )


@pytest.fixture(scope="module")
def papers() -> Iterator[Path]:
    """A folder with `ca.pem`, `other.pem`, and `server.pem` with `server.key` for 127.0.0.1."""
    with private_folder() as folder:
        authority(folder, "other")
        issuer, issuer_key = authority(folder, "ca")
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "database")])
        certificate = _built(subject, issuer.subject, key.public_key(), issuer_key, names)
        (folder / "server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        (folder / "server.key").write_bytes(private)
        (folder / "server.key").chmod(0o600)
        if os.geteuid() == 0:
            os.chown(folder / "server.key", pwd.getpwnam("nobody").pw_uid, -1)
        yield folder


@pytest.fixture(scope="module")
def postgres_tls(papers: Path) -> Iterator[str]:
    binaries = servers.system_binaries() or servers.wheel_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL")
    settings = {
        "ssl": "on",
        "ssl_cert_file": f"{papers}/server.pem",
        "ssl_key_file": f"{papers}/server.key",
        "fsync": "off",
    }
    with private_folder() as folder:
        running = servers.postgres(folder, binaries=binaries, settings=settings)
        yield running.url
        running.stop()


@pytest.fixture(scope="module")
def mariadb_tls(papers: Path) -> Iterator[Server]:
    with private_mariadb(f"--ssl-cert={papers}/server.pem", f"--ssl-key={papers}/server.key") as server:
        yield server


async def answers(url: str, sql: str) -> object:
    engine = open_engine(Instance(id="x", url=url))
    try:
        return next(iter((await engine.rows(sql))[0].values()))
    finally:
        await engine.close()


USED = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"


@pytest.mark.parametrize(
    ("query", "used"),
    [
        ("sslmode=disable", False),
        ("sslmode=require", True),
        ("sslmode=verify-ca&sslrootcert={papers}/ca.pem", True),
        ("sslmode=verify-full&sslrootcert={papers}/ca.pem", True),
    ],
)
async def test_postgres_speaks_tls_as_asked(postgres_tls: str, papers: Path, query: str, used: bool) -> None:
    assert await answers(f"{postgres_tls}?{query.format(papers=papers)}", USED) is used


async def test_postgres_with_a_strangers_certificate_is_unreachable(postgres_tls: str, papers: Path) -> None:
    with pytest.raises(Unreachable, match="certificate verify failed"):
        await answers(f"{postgres_tls}?sslmode=verify-full&sslrootcert={papers}/other.pem", USED)
    with pytest.raises(Unreachable, match="does not match host name"):
        await answers(
            f"{postgres_tls}?sslmode=verify-full&sslrootcert={papers}/ca.pem".replace("127.0.0.1", "localhost"), USED
        )


CIPHER = "show session status like 'Ssl_version'"


@pytest.mark.parametrize(
    ("query", "used"),
    [
        ("", True),
        ("?ssl=false", False),
        ("?ssl-mode=REQUIRED", True),
        ("?ssl-mode=VERIFY_CA&ssl-ca={papers}/ca.pem", True),
        ("?ssl-mode=VERIFY_IDENTITY&ssl-ca={papers}/ca.pem", True),
    ],
)
async def test_mariadb_speaks_tls_as_asked(mariadb_tls: Server, papers: Path, query: str, used: bool) -> None:
    engine = open_engine(Instance(id="x", url=f"{mariadb_tls.url}{query.format(papers=papers)}"))
    rows = await engine.rows(CIPHER)
    await engine.close()
    assert rows[0]["Value"].startswith("TLS") is used


async def test_mariadb_with_a_strangers_certificate_is_unreachable(mariadb_tls: Server, papers: Path) -> None:
    with pytest.raises(Unreachable, match="certificate verify failed"):
        await answers(f"{mariadb_tls.url}?ssl-mode=VERIFY_CA&ssl-ca={papers}/other.pem", CIPHER)
    url = f"{mariadb_tls.url}?ssl-mode=VERIFY_IDENTITY&ssl-ca={papers}/ca.pem".replace("127.0.0.1", "localhost")
    with pytest.raises(Unreachable, match="certificate verify failed"):
        await answers(url, CIPHER)
    assert await answers(url.replace("VERIFY_IDENTITY", "VERIFY_CA"), "select 1 as one") == 1


@pytest.fixture(scope="module")
def redis_tls(papers: Path) -> Iterator[str]:
    """The part of a URL behind the scheme."""
    port = servers.free_port()
    names = {"cert-file": "server.pem", "key-file": "server.key", "ca-cert-file": "ca.pem"}
    files = [word for name, file in names.items() for word in (f"--tls-{name}", str(papers / file))]
    with private_redis("--tls-port", str(port), "--tls-auth-clients", "no", *files):
        yield f"127.0.0.1:{port}/0"


async def test_redis_speaks_tls_and_trusts_no_stranger(redis_tls: str, papers: Path) -> None:
    tls = "select tls from access"
    assert await answers(f"rediss://{redis_tls}?ssl_ca_certs={papers}/ca.pem", tls) == 1
    assert await answers(f"valkeys://{redis_tls}?ssl_ca_certs={papers}/ca.pem", tls) == 1
    for query in ("", f"?ssl_ca_certs={papers}/other.pem"):
        with pytest.raises(Unreachable, match="certificate verify failed"):
            await answers(f"rediss://{redis_tls}{query}", tls)
    with pytest.raises(Unreachable, match="certificate verify failed"):
        await answers(f"rediss://{redis_tls}?ssl_ca_certs={papers}/ca.pem".replace("127.0.0.1", "localhost"), tls)
    with pytest.raises(Unreachable):
        await answers(f"redis://{redis_tls}", tls)
