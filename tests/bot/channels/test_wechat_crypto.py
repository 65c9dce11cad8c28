"""Signatures and envelopes, checked against `wechatpy`, which somebody else wrote."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto

from bot.channels.wechat.crypto import BadEnvelope, Envelope, is_signed, sign
from tests.fake_wechat import AES_KEY, APP_ID, TOKEN, signature

THEIRS = PrpCrypto(base64.b64decode(AES_KEY + "="))
OURS = Envelope(AES_KEY, APP_ID)


def test_the_signature_is_the_one_that_another_implementation_makes() -> None:
    assert sign(TOKEN, "1790000000", "n1") == signature("1790000000", "n1")
    assert is_signed(signature("1", "2"), TOKEN, "1", "2")
    assert not is_signed(signature("1", "2"), TOKEN, "1", "3")
    assert not is_signed("密", TOKEN, "1", "2")


@given(st.text(max_size=300).filter(lambda words: words.isprintable()))
def test_what_one_seals_the_other_opens(words: str) -> None:
    assert THEIRS.decrypt(OURS.seal(words), APP_ID) == words
    assert OURS.open(THEIRS.encrypt(words, APP_ID).decode()) == words


def test_another_accounts_envelope_is_refused() -> None:
    with pytest.raises(BadEnvelope, match="another account"):
        OURS.open(THEIRS.encrypt("<xml/>", "wx_of_somebody_else").decode())


@pytest.mark.parametrize(
    "sealed",
    ["", "!!", "AAAA", base64.b64encode(bytes(64)).decode(), base64.b64encode(bytes(31)).decode()],
    ids=["empty", "not base64", "short", "zeros", "no whole block"],
)
def test_what_is_no_envelope_is_refused(sealed: str) -> None:
    with pytest.raises(BadEnvelope):
        OURS.open(sealed)


def test_a_changed_envelope_is_refused() -> None:
    sealed = bytearray(base64.b64decode(OURS.seal("<xml/>")))
    sealed[-1] ^= 1

    with pytest.raises(BadEnvelope):
        OURS.open(base64.b64encode(bytes(sealed)).decode())


@pytest.mark.parametrize("key", ["", "short", AES_KEY + "A", "!" * 43])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"43|base64"):
        Envelope(key, APP_ID)
