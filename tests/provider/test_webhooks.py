"""What is believed to come from the provider, and what is read out of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.provider.webhooks import (
    BadEvent,
    BadSignature,
    Delivery,
    SignatureCheck,
    VerificationFailure,
    WebhookEvent,
    parse,
)
from tests.provider.loopback import NOW

STAMP = str(int(NOW.timestamp()))
SECRET = "whsec-made-up-for-this-test"
HEX_SECRET = "00112233445566778899aabbccddeeff"
BODY = b'{"type":"endpoint.test"}'


def signed(*keys, id="evt_1", timestamp=STAMP, body=BODY):
    message = id.encode() + b"." + timestamp.encode() + b"." + body
    signatures = (hmac.new(key, message, hashlib.sha256).hexdigest() for key in keys)
    return Delivery(
        id=id, timestamp=timestamp, signature=",".join(f"v1={signature}" for signature in signatures), body=body
    )


def check(*secrets, now=NOW):
    return SignatureCheck([SecretStr(secret) for secret in secrets], lambda: now)


def failure(delivery, *secrets, now=NOW):
    """Why ``delivery`` is not believed; ``None`` where it is."""
    try:
        check(*(secrets or (SECRET,)), now=now).verify(delivery)
    except BadSignature as refused:
        return refused.failure
    return None


def flipped(data, raw):
    """``raw`` with one bit turned over."""
    bit = data.draw(st.integers(0, 8 * len(raw) - 1), label="bit")
    return bytes(byte ^ (1 << bit % 8 if at == bit // 8 else 0) for at, byte in enumerate(raw))


ids = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=128)
keys = st.binary(min_size=32, max_size=32)
inside = st.integers(-300, 300).map(lambda off: str(int(STAMP) + off))


# -- signatures --


@pytest.mark.parametrize(
    ("secret", "signature"),
    [
        (SECRET, "5ce2c3af6d007233d7cfa0d5c8f5b741cd41e4c78715dc988f51eaa0fefcb6ca"),
        (HEX_SECRET, "d233dc3c291d3648c36c9e4cfca627ff6cc415f418f7b88fb6b2ebb624a56c6f"),
    ],
)
def test_what_another_program_signed_is_believed(secret, signature):
    """Made with ``openssl dgst -sha256``: with ``-hmac`` and the text, and with ``-macopt hexkey:`` and the hex."""
    delivery = Delivery(id="evt_1", timestamp="1785585600", signature=f"v1={signature}", body=BODY)
    assert failure(delivery, secret) is None


@given(key=keys, id=ids, timestamp=inside, body=st.binary(max_size=200))
def test_a_right_signature_is_believed_whatever_it_is_about(key, id, timestamp, body):
    assert failure(signed(key, id=id, timestamp=timestamp, body=body), key.hex()) is None


@given(data=st.data(), key=keys, id=ids, body=st.binary(min_size=1, max_size=200))
def test_a_bit_turned_over_in_the_body_is_seen(data, key, id, body):
    delivery = signed(key, id=id, body=body)
    assert failure(replace(delivery, body=flipped(data, body)), key.hex()) is VerificationFailure.SIGNATURE


@given(data=st.data(), key=keys, id=ids)
def test_a_bit_turned_over_in_the_id_is_seen(data, key, id):
    delivery = signed(key, id=id)
    other = flipped(data, id.encode()).decode("utf-8", "surrogateescape")  # as the server reads a header
    assert failure(replace(delivery, id=other), key.hex()) is (
        VerificationFailure.SIGNATURE if other.isprintable() else VerificationFailure.ID
    )


@given(data=st.data(), key=keys, timestamp=inside)
def test_a_bit_turned_over_in_the_timestamp_is_seen(data, key, timestamp):
    delivery = signed(key, timestamp=timestamp)
    other = flipped(data, timestamp.encode()).decode("utf-8", "surrogateescape")
    assert failure(replace(delivery, timestamp=other), key.hex()) is not None


@given(key=keys, timestamp=inside, other=inside)
def test_no_other_timestamp_is_believed_although_its_age_would_do(key, timestamp, other):
    assume(timestamp != other)
    assert (
        failure(replace(signed(key, timestamp=timestamp), timestamp=other), key.hex()) is VerificationFailure.SIGNATURE
    )


@given(data=st.data(), key=keys)
def test_a_bit_turned_over_in_the_secret_is_seen(data, key):
    assert failure(signed(key), flipped(data, key).hex()) is VerificationFailure.SIGNATURE


@given(data=st.data(), key=keys)
def test_a_bit_turned_over_in_the_signature_is_seen(data, key):
    delivery = signed(key)
    other = flipped(data, delivery.signature.encode()).decode("utf-8", "surrogateescape")
    assert failure(replace(delivery, signature=other), key.hex()) is VerificationFailure.SIGNATURE


@given(key=keys, body=st.binary(min_size=1, max_size=50), moved=st.integers(1, 50))
def test_the_body_cannot_be_cut(key, body, moved):
    delivery = signed(key, body=body)
    assert failure(replace(delivery, body=body[:-moved]), key.hex()) is VerificationFailure.SIGNATURE


# -- several secrets, several signatures --


@pytest.mark.parametrize("configured", [("old",), ("new",), ("old", "new"), ("new", "old"), ("other", "new")])
def test_while_a_secret_is_changed_both_signatures_come_and_either_will_do(configured):
    assert failure(signed(b"new", b"old"), *configured) is None
    assert failure(signed(b"old", b"new"), *configured) is None


def test_a_secret_that_is_configured_no_more_opens_nothing():
    assert failure(signed(b"old"), "old", "new") is None
    assert failure(signed(b"old"), "new") is VerificationFailure.SIGNATURE


@pytest.mark.parametrize("secret", [HEX_SECRET, HEX_SECRET.upper(), "1234"])
def test_a_secret_in_hex_is_tried_as_text_and_as_bytes(secret):
    assert failure(signed(secret.encode()), secret) is None
    assert failure(signed(bytes.fromhex(secret)), secret) is None


@pytest.mark.parametrize(
    ("secret", "spelt"),
    [("abc", "0abc"), ("0x1234", "1234"), ("12 34", "1234"), ("12:34", "1234"), ("1234\n", "1234"), ("１２", "12")],
)
def test_what_is_nearly_hex_is_text_only(secret, spelt):
    assert failure(signed(secret.encode()), secret) is None
    assert failure(signed(bytes.fromhex(spelt)), secret) is VerificationFailure.SIGNATURE


def test_text_beyond_ascii_counts_as_utf_8():
    assert failure(signed("Schlüssel".encode()), "Schlüssel") is None


def test_every_key_is_compared_with_every_signature_whatever_matched(monkeypatch):
    compared = []
    compare = hmac.compare_digest

    def noting(ours, theirs):
        compared.append((ours, theirs))
        return compare(ours, theirs)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    for sender in ((b"first", b"x"), (b"x", b"second"), (b"x", b"y")):  # the first match is early, late, nowhere
        compared.clear()
        assert failure(signed(*sender), "first", "second", HEX_SECRET) is (
            VerificationFailure.SIGNATURE if b"y" in sender else None
        )
        assert len(set(compared)) == len(compared) == 4 * 2  # the one in hex counts twice


@pytest.mark.parametrize(
    "around",
    ["v2=00,{}", "{},v2=00", ",{},", " {} ", "v1=,{}", "v1=zz, {}", "nonsense,{}", "v1=" + "0" * 64 + ",{}"],
)
def test_other_entries_beside_a_right_signature_do_no_harm(around):
    delivery = signed(SECRET.encode())
    assert failure(replace(delivery, signature=around.format(delivery.signature))) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda given: "",
        lambda given: given.removeprefix("v1="),
        lambda given: given.replace("v1=", "v2="),
        lambda given: given.replace("v1=", "V1="),
        lambda given: "v1=" + given.removeprefix("v1=").upper(),
        lambda given: given[:-1],
        lambda given: given[:-2],
        lambda given: given + "00",
        lambda given: given + ";",
        lambda given: "v1=",
        lambda given: "v1=" + "é" * 64,
        lambda given: "v1=" + "\udcff" * 64,
        lambda given: "v1=" + "\N{FULLWIDTH DIGIT ONE}" * 64,
    ],
)
def test_a_signature_in_another_shape_is_none(change):
    delivery = signed(SECRET.encode())
    assert failure(replace(delivery, signature=change(delivery.signature))) is VerificationFailure.SIGNATURE


def test_a_header_full_of_signatures_is_not_gone_through():
    delivery = signed(SECRET.encode())
    longest = delivery.signature + "," * (512 - len(delivery.signature))
    assert failure(replace(delivery, signature=longest)) is None
    assert failure(replace(delivery, signature=longest + ",")) is VerificationFailure.SIGNATURE


@pytest.mark.parametrize("secrets", [("",), (SECRET, "")])
def test_an_empty_secret_is_not_accepted(secrets):
    with pytest.raises(ValueError, match="empty") as caught:
        check(*secrets)
    assert SECRET not in str(caught.value)


def test_without_secrets_nothing_is_believed():
    with pytest.raises(BadSignature):
        check().verify(signed(b""))


# -- age, repeats, ids --


@pytest.mark.parametrize("off", [-300, -299, -1, 0, 1, 299, 300])
def test_what_is_at_most_300_seconds_off_is_believed(off):
    delivery = signed(SECRET.encode(), timestamp=str(int(STAMP) + off))
    assert failure(delivery) is None
    assert failure(signed(SECRET.encode()), now=NOW + timedelta(seconds=off)) is None


@pytest.mark.parametrize("off", [-300.001, 300.001, -301, 301, -86400, 86400])
def test_what_is_further_off_is_not_on_either_side(off):
    assert failure(signed(SECRET.encode()), now=NOW + timedelta(seconds=off)) is VerificationFailure.AGE


@pytest.mark.parametrize("timestamp", ["0", "999999999999", STAMP + "00"])
def test_timestamps_from_nowhere_near_are_refused(timestamp):
    assert failure(signed(SECRET.encode(), timestamp=timestamp)) is VerificationFailure.AGE


@pytest.mark.parametrize(
    "timestamp",
    [
        "",
        "now",
        STAMP + ".0",
        STAMP + "\n",
        " " + STAMP,
        "+" + STAMP,
        "-" + STAMP,
        STAMP[:-3] + "_" + STAMP[-3:],
        STAMP + "000",  # milliseconds
        "1e9",
        "0x6a6dd8c0",
        "NaN",
        "9" * 5000,
        "".join(chr(ord("０") + int(digit)) for digit in STAMP),
        NOW.isoformat(),
    ],
)
def test_a_timestamp_that_is_no_whole_number_is_refused_although_signed(timestamp):
    assert failure(signed(SECRET.encode(), timestamp=timestamp)) is VerificationFailure.TIMESTAMP


def test_a_repeat_is_believed_until_it_is_too_old():
    """Telling repeats apart is the business of whoever is given the event."""
    delivery, one = signed(SECRET.encode()), check(SECRET)
    one.verify(delivery)
    one.verify(delivery)
    assert failure(delivery, now=NOW + timedelta(seconds=300)) is None
    assert failure(delivery, now=NOW + timedelta(seconds=301)) is VerificationFailure.AGE


@pytest.mark.parametrize("id", ["e", "e" * 128, "evt.1.2", "evt 1", "événement"])
def test_ids_that_are_fine(id):
    assert failure(signed(SECRET.encode(), id=id)) is None


@pytest.mark.parametrize("id", ["", "e" * 129, "evt\n1", "evt\x00", "evt\x7f", "\u202eevt", "evt\u2028"])
def test_ids_that_are_refused_although_signed(id):
    assert failure(signed(SECRET.encode(), id=id)) is VerificationFailure.ID


def test_an_id_that_is_no_text_is_refused():
    assert failure(replace(signed(SECRET.encode()), id="evt\udcff")) is VerificationFailure.ID


@given(
    delivery=st.builds(
        Delivery,
        id=st.text(st.characters(codec=None), max_size=200) | ids,
        timestamp=st.text(max_size=20) | inside,
        signature=st.text(st.characters(codec=None), max_size=600),
        body=st.binary(max_size=50),
    )
)
def test_rubbish_is_refused_and_nothing_worse(delivery):
    assert failure(delivery) is not None


def test_nothing_shows_a_secret_or_a_signature():
    delivery, one = signed(SECRET.encode()), check(SECRET)
    with pytest.raises(BadSignature) as caught:
        one.verify(replace(delivery, body=b"{}"))
    shown = repr(one) + repr(delivery) + repr(caught.value) + str(caught.value)
    assert SECRET not in shown
    assert delivery.signature[3:] not in shown


# -- events --


def parsed(body, id="evt_header"):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse(Delivery(id=id, timestamp=STAMP, signature="", body=raw))


def documented(type, **data):
    """An event as the documentation prints it, and as it comes: written with and without changes to ``data``."""
    whole = {
        "task_id": "task_01ABC",
        "client_business_id": "0123456789abcdef",
        "task_type": "video",
        "model": "sora-2",
        "status": "SUCCESS",
        "progress": "100%",
        "result": {"type": "character", "data": {"characters": [{"id": "ch_1"}]}},
        "error": None,
        "submitted_at": 1785585500,
        "finished_at": 1785585600,
    }
    return {"id": "evt_body", "type": type, "api_version": "v1", "created_at": 1785585600, "data": whole | data}


@pytest.mark.parametrize("type", ["generation.completed", "generation.failed"])
def test_the_end_of_a_task_names_it_in_both_ways(type):
    event = parsed(documented(type))
    assert event == WebhookEvent("evt_header", type, "task_01ABC", "0123456789abcdef")
    assert event.ends_a_task


@pytest.mark.parametrize("body_id", ["evt_body", None, 17, {"a": 1}])
def test_the_id_is_the_headers_whatever_the_body_says(body_id):
    assert parsed(documented("generation.failed") | {"id": body_id}).id == "evt_header"


@pytest.mark.parametrize(
    ("data", "task_id", "business_id"),
    [
        ({"task_id": "t"}, "t", None),
        ({"client_business_id": "b"}, None, "b"),
        ({"task_id": None, "client_business_id": "b"}, None, "b"),
        ({"task_id": 17, "client_business_id": ""}, "17", None),
        ({"task_id": "t", "client_business_id": ["b"]}, "t", None),
        ({"task_id": "t", "client_business_id": "a b"}, "t", None),
        ({"task_id": "t" * 128, "client_business_id": "b" * 129}, "t" * 128, None),
        ({"task_id": "../t\n", "client_business_id": "b"}, None, "b"),
    ],
)
def test_one_of_the_two_ids_is_enough(data, task_id, business_id):
    event = parsed({"type": "generation.completed", "data": data})
    assert (event.task_id, event.business_id) == (task_id, business_id)
    assert event.ends_a_task


@pytest.mark.parametrize("data", [None, {}, [], [{"task_id": "t"}], "task_id", 5, True, {"task_id": {"task_id": "t"}}])
def test_an_end_of_no_task_we_could_name_has_no_effect(data):
    event = parsed({"type": "generation.completed", "data": data})
    assert (event.task_id, event.business_id) == (None, None)
    assert not event.ends_a_task


@pytest.mark.parametrize("type", ["endpoint.test", "generation.started", "Generation.Completed", "", None, 5, ["x"]])
def test_other_types_are_read_and_have_no_effect(type):
    event = parsed(documented(type))
    assert event.task_id == "task_01ABC"
    assert not event.ends_a_task


def test_a_type_is_one_short_line_whatever_was_sent():
    assert parsed({"type": "generation\n\u202e.paused" + "x" * 1000}).type.startswith("generation .pausedxxx")
    assert len(parsed({"type": "x" * 1000}).type) == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"generation.completed"',
        b"17",
        b"{",
        b'{"type": "generation.completed"} trailing',
        b"type=generation.completed",
        b'{"type": "\xff"}',
        b'{"type": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"data": {"task_id": ' + b"9" * 5000 + b"}}",
    ],
)
def test_what_is_no_json_object_is_no_event(raw):
    with pytest.raises(BadEvent) as caught:
        parsed(raw)
    assert caught.value.__context__ is None  # a parser's error quotes what it read


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["id", "type", "data", "task_id", "client_business_id"])


@given(body=st.dictionaries(names, anything | st.dictionaries(names, anything, max_size=3), max_size=5))
def test_any_object_is_an_event_with_ids_that_can_be_used(body):
    event = parsed(body)
    assert event.id == "evt_header"
    for name in (event.task_id, event.business_id):
        assert name is None or (0 < len(name) <= 128 and name.isprintable() and " " not in name)
