"""Addresses are sealed and bound to their person; no address can become a second header."""

import os
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.ids import NotificationId, PersonId
from services.notify.channels.email import Email
from services.notify.channels.message import ChannelFailed, EmailAddress, Message
from services.notify.channels.sealing import Sealed, Sealer

ADDRESS = TypeAdapter[str](EmailAddress)
EMAIL = Email("mail.test", 25, sender="loket@loket.test", step_seconds=1)
PERSON = PersonId.new()

BAD_ADDRESSES = [
    "a@b.co\nBcc: x@y.co",
    "a@b.co\r\nBcc: x@y.co",
    "a@b.co\r\n\r\nhello",
    "a@b.co\n",
    "a@b.co\u0085Bcc: x@y.co",
    "a@b.co\u2028x",
    "a@b.co,c@d.co",
    "a@b.co;c@d.co",
    "A <a@b.co>",
    "<a@b.co>",
    "a b@c.co",
    ' "a b"@c.co',
    '"a\r\nBcc: x@y.co"@c.co',
    "a@b.co ",
    "a@@b.co",
    "@b.co",
    "a@",
    "a@b",
    "a@-b.co",
    "a@b-.co",
    ".a@b.co",
    "a..b@c.co",
    "a@b..co",
    "s\u00efti@b.co",
    "a@[127.0.0.1]",
    "a@b.co\x00",
    "a" * 250 + "@b.co",
]


def message_to(address: str) -> Message:
    return Message(NotificationId.new(), address, "id", "Subjek", "Isi\n")


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_what_is_not_one_plain_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        ADDRESS.validate_python(address)


@pytest.mark.parametrize("address", [one for one in BAD_ADDRESSES if "\n" in one or "\r" in one])
def test_a_line_end_is_refused_by_the_mail_itself_as_well(address: str) -> None:
    with pytest.raises(ChannelFailed, match="address_unusable"):
        EMAIL.compose(message_to(address))


@given(st.from_regex(r"\A[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,60}@[a-z0-9]{1,60}\.[a-z]{2,9}\Z"))
def test_an_address_that_is_taken_arrives_as_the_only_recipient(address: str) -> None:
    ADDRESS.validate_python(address)
    raw = EMAIL.compose(message_to(address)).as_bytes()
    mail = message_from_bytes(raw, policy=default)
    assert [one.addr_spec for one in mail["To"].addresses] == [address]
    assert mail["Bcc"] is None
    assert mail["Cc"] is None


def test_repeats_of_one_notification_have_one_message_id() -> None:
    message = message_to("siti@example.org")
    first, second = EMAIL.compose(message), EMAIL.compose(message)
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"] == f"<{message.notification_id}@loket.test>"
    assert EMAIL.compose(message_to("siti@example.org"))["Message-ID"] != first["Message-ID"]


def test_a_message_does_not_print_its_address() -> None:
    assert "siti" not in repr(message_to("siti@example.org"))


@given(st.text(max_size=254))
def test_what_is_sealed_can_be_opened_by_the_same_key_for_the_same_person_only(text: str) -> None:
    master = os.urandom(32)
    sealer, sealed = Sealer(master), Sealer(master).seal(PERSON, text)
    assert sealer.open(PERSON, sealed) == text
    assert sealer.open(PersonId.new(), sealed) is None
    assert Sealer(os.urandom(32)).open(PERSON, sealed) is None
    other = sealer.seal(PERSON, text)
    assert other.address != sealed.address
    assert sealer.open(PERSON, Sealed(sealed.address, other.wrapped_key)) is None


def test_every_changed_byte_keeps_the_address_shut() -> None:
    sealer = Sealer(bytes(32))
    sealed = sealer.seal(PERSON, "siti@example.org")
    for name in ("address", "wrapped_key"):
        whole: bytes = getattr(sealed, name)
        for place in range(len(whole)):
            changed = bytearray(whole)
            changed[place] ^= 1
            parts = {"address": sealed.address, "wrapped_key": sealed.wrapped_key}
            parts[name] = bytes(changed)
            assert sealer.open(PERSON, Sealed(**parts)) is None


def test_the_code_belongs_to_the_person_and_the_key() -> None:
    sealer = Sealer(bytes(32))
    code = sealer.code(PERSON)
    assert (len(code), sealer.is_code(PERSON, code)) == (32, True)
    assert not sealer.is_code(PersonId.new(), code)
    assert not Sealer(os.urandom(32)).is_code(PERSON, code)
    assert not sealer.is_code(PERSON, "s\u00efti")


def test_parts_of_a_digest_do_not_run_into_one_another() -> None:
    sealer = Sealer(bytes(32))
    assert sealer.digest("ab", "c") != sealer.digest("a", "bc")
