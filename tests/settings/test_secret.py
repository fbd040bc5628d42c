"""A secret shows itself to nobody who does not ask for it."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass

import pytest

from flowgrade.records import dumps, dumps_any
from flowgrade.settings import Secret

TEXT = "hunter2"


@dataclass(frozen=True)
class Holder:
    key: Secret


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        format,
        "{!r}".format,
        "{:>20}".format,
        lambda secret: f"{secret}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031  this way too
        lambda secret: repr([secret]),
        lambda secret: repr(Holder(secret)),
        lambda secret: str(asdict(Holder(secret))),
        lambda secret: repr(copy.deepcopy(Holder(secret))),
        dumps_any,
        lambda secret: dumps_any({"connection": Holder(secret), "huge": 2**70}),
        lambda secret: json.dumps(secret, default=str),
        lambda secret: repr(ValueError(secret)),
    ],
)
def test_a_secret_is_not_shown(show: Callable[[Secret], str]) -> None:
    shown = show(Secret(TEXT))
    assert TEXT not in shown
    assert "******" in shown


def test_a_secret_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("The key is %s.", Secret(TEXT))
    assert "******" in caplog.text
    assert TEXT not in caplog.text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled") as caught:
        pickle.dumps(Holder(Secret(TEXT)), protocol)
    assert TEXT not in str(caught.value)


def test_the_strict_codec_does_not_take_a_secret() -> None:
    with pytest.raises(TypeError):
        dumps({"key": Secret(TEXT)})


def test_a_secret_is_revealed_to_who_asks() -> None:
    assert Secret(TEXT).reveal() == TEXT
    assert copy.copy(Secret(TEXT)).reveal() == TEXT


def test_secrets_compare_by_what_they_hold() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a")
    assert not Secret("")
    assert not hasattr(Secret("a"), "__dict__")
