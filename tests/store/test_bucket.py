"""A bucket of an S3-compatible service: what is put comes back, what fails is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbmedic.core.errors import BadField, BucketFailed
from dbmedic.store.bucket import S3
from store.s3_script import KEY, REGION, SECRET, s3


async def test_what_is_put_comes_back(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    (tmp_path / "a").write_bytes(content)
    async with s3() as service:
        bucket = S3("s3://shop/files", endpoint=service.url, region=REGION, key=KEY, secret=SECRET)
        await bucket.put("id-1", tmp_path / "a")
        assert service.objects == {"/shop/files/id-1": content}
        assert await bucket.get("id-1", tmp_path / "b") is True
        assert (tmp_path / "b").read_bytes() == content
        assert await bucket.get("id-2", tmp_path / "c") is False
        assert not (tmp_path / "c").exists()


async def test_a_wrong_secret_or_a_broken_service_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    async with s3() as service:
        wrong = S3("s3://shop", endpoint=service.url, region=REGION, key=KEY, secret="wrong")
        with pytest.raises(BucketFailed, match=r"could not be kept in s3://shop") as refused:
            await wrong.put("id-1", tmp_path / "a")
        assert "wrong" not in str(refused.value)
        assert service.objects == {}
        service.fails = 403
        right = S3("s3://shop", endpoint=service.url, region=REGION, key=KEY, secret=SECRET)
        with pytest.raises(BucketFailed, match="could not be read"):
            await right.get("id-1", tmp_path / "b")


@pytest.mark.parametrize("url", ["shop", "s3://", "s3://UPPER", "https://shop.example.org", "s3://a b"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadField, match="s3://dbmedic/files"):
        S3(url)
