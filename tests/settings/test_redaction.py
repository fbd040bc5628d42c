"""What is known to be secret is hidden in whatever is kept or shown."""

from __future__ import annotations

import base64
import json
import secrets
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowgrade.settings import (
    HIDDEN,
    Secret,
    is_secret_name,
    public_address,
    redact,
    redact_all,
    remember,
    remember_address,
    remember_headers,
    remember_variables,
)


def fresh() -> str:
    return f"x{secrets.token_hex(10)}z"


def test_a_secret_is_hidden_wherever_it_stands() -> None:
    text = fresh()
    Secret(text)
    assert redact(f"a {text}{text} b") == f"a {HIDDEN}{HIDDEN} b"
    assert redact("nothing of it") == "nothing of it"


@pytest.mark.parametrize("odd", ["", '"', "\\", "ü€", "\n", "/+=&%", "\t'"])
def test_it_is_hidden_as_json_and_urls_write_it(odd: str) -> None:
    text = f"{fresh()}{odd}{fresh()}"
    remember(text)
    for form in (
        text,
        json.dumps(text),
        json.dumps(text, ensure_ascii=False),
        json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False),
        quote(text),
        quote(text, safe=""),
        quote_plus(text),
    ):
        assert text[:21] not in redact(f"({form})"), form


@given(st.binary(max_size=5), st.binary(max_size=5))
def test_it_is_hidden_in_base64_whatever_stands_around_it(before: bytes, after: bytes) -> None:
    text = fresh()
    remember(text)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(before + text.encode() + after).decode()
        found = redact(whole)
        assert HIDDEN in found
        assert len(found) - len(HIDDEN) <= len(whole) - 4 * len(text) // 3 + 3


def test_each_long_line_of_a_secret_counts_by_itself() -> None:
    first, second = fresh(), fresh()
    remember(f"-----BEGIN KEY-----\n{first}\n{second}\nab\n")
    assert redact(f"{second} {first} ab") == f"{HIDDEN} {HIDDEN} ab"


@pytest.mark.parametrize(
    "text", ["", "short1", "password", "EMPTY", "anthropic", "1234567890", "   sk-1   "]
)
def test_what_would_hide_ordinary_words_and_numbers_is_not_looked_for(text: str) -> None:
    remember(text)
    assert redact(f"it is {text} here") == f"it is {text} here"


def test_values_stay_the_same_object_where_there_is_nothing_to_hide() -> None:
    text = fresh()
    remember(text)
    values = ["a", 1, None, b"x"]
    assert redact_all(values) is values
    assert redact_all([text, 1, None, f"<{text}>"]) == [HIDDEN, 1, None, f"<{HIDDEN}>"]


def test_json_stays_json() -> None:
    text = fresh()
    remember(text)
    assert json.loads(redact(json.dumps({text: [text, 12]}))) == {HIDDEN: [HIDDEN, 12]}


def test_a_secret_that_is_fetched_later_is_hidden_from_then_on() -> None:
    text, asked = fresh(), []

    def fetch() -> str:
        asked.append(1)
        return text

    secret = Secret.later(fetch)
    assert bool(secret)
    assert not asked
    assert secret.reveal() == secret.reveal() == text
    assert asked == [1]
    assert redact(text) == HIDDEN


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("OPENAI_API_KEY", True),
        ("GITHUB_TOKEN", True),
        ("X-Auth", True),
        ("db_password", True),
        ("Cookie", True),
        ("GIT_AUTHOR_NAME", False),
        ("TOKENIZERS_PARALLELISM", False),
        ("max_tokens", False),
        ("KEYRING_BACKEND", False),
        ("design", False),
        ("PATH", False),
    ],
)
def test_names_say_whether_their_values_are_secret(name: str, secret: bool) -> None:
    assert is_secret_name(name) is secret


def test_of_variables_the_secret_ones_are_hidden() -> None:
    key, plain, address, path = fresh(), fresh(), fresh(), fresh()
    remember_variables(
        {
            "MY_KEY": key,
            "MY_CITY": plain,
            "DATABASE_URL": f"postgresql://u:{address}@h/db",
            "MY_KEY_FILE": path,
            "MY_TOKEN": f"/run/{path}",
        }
    )
    found = redact(f"{key} {plain} {address} {path}")
    assert found == f"{HIDDEN} {plain} {HIDDEN} {path}"


def test_of_headers_the_secret_ones_are_hidden() -> None:
    bearer, password, key, plain = fresh(), fresh(), fresh(), fresh()
    basic = base64.b64encode(f"user:{password}".encode()).decode()
    remember_headers({"Authorization": f"Bearer {bearer}", "X-Api-Key": key, "X-Team": plain})
    remember_headers({"Proxy-Authorization": f"Basic {basic}"})
    found = redact(f"{bearer} {password} {basic} {key} {plain}")
    assert found == f"{HIDDEN} {HIDDEN} {HIDDEN} {HIDDEN} {plain}"


def test_of_addresses_the_password_is_hidden_decoded_or_not() -> None:
    password = f"{fresh()}/@ü"
    remember_address(f"https://me:{quote(password, safe='')}@host/v1?sig={password[:3]}")
    assert redact(f"{password} {quote(password, safe='')}") == f"{HIDDEN} {HIDDEN}"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("http://h:80/v1", "http://h:80/v1"),
        ("http://u:p@h/v1", "http://h/v1"),
        ("http://token@h/v1", "http://h/v1"),
        ("http://h/v1?api_key=abc&v=1", f"http://h/v1?api_key={HIDDEN}&v=1"),
        ("http://[", HIDDEN),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, public: str) -> None:
    assert public_address(address) == public
