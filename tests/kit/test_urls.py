"""Database URLs: what is wrong is said without the password, and none is ever shown with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmedic.kit.urls import database_url_problem, engine_of, safe_url, web_url_problem

GOOD = {
    "postgresql://u:p@db.example.com:5432/shop?sslmode=verify-full": "postgres",
    "postgres://h1:5432,h2:5433/shop": "postgres",
    "postgresql:///shop?host=/var/run/postgresql": "postgres",
    "postgresql://u:a%40b%2Fc%23d%3F%25@[2001:db8::1]:5432/shop": "postgres",
    "mysql://u:p@h/shop": "mysql",
    "mysql://u:p@/shop?unix_socket=/run/mysqld/mysqld.sock": "mysql",
    "mariadb://u@h:3307": "mariadb",
    "sqlite:///var/lib/shop.db": "sqlite",
    "sqlite:////var/lib/sh%20op@1.db": "sqlite",
    "redis://h": "redis",
    "rediss://dbmedic:p@h:6380/1?ssl_ca_certs=/etc/ca.pem": "redis",
    "valkey://:p@h/0": "redis",
    "unix:///run/redis/redis.sock?db=1": "redis",
}

BAD = {
    "": "it is not a URL",
    "host=db password=S3cret": "it is not a URL",
    "postgresql://": "it is not a URL",
    "pass word://x": "it is not a URL",
    "oracle://u:S3cret@h/db": "the engine 'oracle' is not one of postgresql, postgres, mysql, mariadb, sqlite",
    "postgresql+psycopg://u:S3cret@h/db": "begin it with postgresql://",
    "PostgreSQL://u:S3cret@h/db": "begin it with postgresql://",
    "postgresql://u:S3 cret@h/db": "blank or a control character",
    "postgresql://u:S3cret\n@h/db": "blank or a control character",
    "postgresql://u:100%S3cret@h/db": "a % stands alone",
    "postgresql://u:x/S3cret@h/db": "where the password ends",
    "postgresql://u:x#S3cret@h/db": "where the password ends",
    "postgresql://u:x?S3cret@h/db": "where the password ends",
    "postgresql://u:x@S3cret@h/db": "where the password ends",
    "postgresql://u:S3cret/db": "the host or port cannot be read",
    "postgresql://u:p@h:S3cret/db": "the host or port cannot be read",
    "postgresql://u:p@h:0/db": "between 1 and 65535",
    "postgresql://u:p@h:65536/db": "between 1 and 65535",
    "mysql://u:p@h1,h2/db": "one host only",
    "mysql://u:S3cret@/db": "the host is missing",
    "mysql:///db": "the host is missing",
    "sqlite://shop.db": "the path is not absolute",
    "sqlite:///": "no file is named",
    "sqlite:///var/lib/": "no file is named",
}


@pytest.mark.parametrize(("url", "family"), GOOD.items())
def test_a_good_url_names_its_engine(url, family):
    assert database_url_problem(url) is None
    assert engine_of(url) == family


@pytest.mark.parametrize(("url", "sentence"), BAD.items())
def test_what_is_wrong_is_said_without_the_password(url, sentence):
    problem = database_url_problem(url)
    assert problem is not None
    assert sentence in problem
    assert "S3cret" not in problem
    assert "S3cret" not in safe_url(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p%40@h:5432/db?sslmode=require", "postgresql://u:***@h:5432/db?sslmode=require"),
        ("postgresql://u@h/db", "postgresql://u@h/db"),
        (
            "postgresql:///db?host=/tmp&password=x&sslPassword=y&user=u",
            "postgresql:///db?host=/tmp&password=***&sslPassword=***&user=u",
        ),
        ("mysql://:p@h", "mysql://:***@h"),
        ("sqlite:////var/a@b.db", "sqlite:////var/a@b.db"),
        ("https://u:p@prometheus:9090/base?token=x", "https://u:***@prometheus:9090/base?token=***"),
        ("postgresql://u:x/y@h/db", "postgresql://***"),
        ("no url at all", "***"),
    ],
)
def test_a_url_is_shown_with_its_passwords_masked(url, shown):
    assert safe_url(url) == shown


@given(
    st.sampled_from(["postgresql", "mysql", "mariadb", "https"]),
    st.text(st.sampled_from("aZ0:/?#@%&= ,[]"), max_size=8),
    st.text(st.sampled_from(":/?#@%&=,[]"), max_size=4),
)
def test_no_password_however_written_is_shown(scheme, before, after):
    url = f"{scheme}://user:{before}S3cret{after}@host/db"
    assert "S3cret" not in safe_url(url)
    assert "S3cret" not in (database_url_problem(url) or "")


@pytest.mark.parametrize("url", ["http://h:9090", "https://u:p@h/prometheus"])
def test_a_web_address_is_good(url):
    assert web_url_problem(url) is None


@pytest.mark.parametrize("url", ["h:9090", "ftp://h", "http://", "http://:9090", "http://h h", "http://h:x"])
def test_a_web_address_is_refused(url):
    assert web_url_problem(url)
