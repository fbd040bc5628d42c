"""Doors that import a name when it is first used."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest

from flowgrade.plugins import later


def test_a_name_is_imported_once_and_kept(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("rooms")
    room = folder / "little_room"
    room.mkdir()
    (room / "__init__.py").write_text(
        "from flowgrade.plugins import later\n__getattr__ = later(__name__, {'work': 'answer'})\n",
        encoding="utf-8",
    )
    (room / "work.py").write_text("answer = [42]\n", encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    door = import_module("little_room")
    try:
        assert "little_room.work" not in sys.modules
        assert door.answer == [42]
        assert door.__dict__["answer"] is door.answer
        with pytest.raises(AttributeError, match="'little_room' has no attribute 'other'"):
            _ = door.other
    finally:
        for name in [name for name in sys.modules if name.startswith("little_room")]:
            del sys.modules[name]


@pytest.mark.parametrize(
    "room", ["datasets", "models", "prompts", "promptflow", "retrieval", "runs"]
)
def test_each_name_of_a_door_is_there(room: str) -> None:
    door = import_module(f"flowgrade.{room}")
    for name in door.__all__:
        assert getattr(door, name) is not None
    with pytest.raises(AttributeError):
        later(door.__name__, {})("nothing")
