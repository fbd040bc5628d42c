"""What ``flowgrade.yaml`` may hold.

To add a key, add its shape to ``PROJECT`` and read its value in ``read.py``: the check of the
file, its JSON Schema and the test that the key is documented follow from that.
"""

from __future__ import annotations

from flowgrade.records import JsonObject
from flowgrade.settings.shapes import Anything, Fields, Items, Named, Short, Text, json_schema

_NAME = {"pattern": r"[A-Za-z0-9][A-Za-z0-9._-]*", "form": "a name of letters, digits and . _ -"}

_MODEL = Text("A model as connection/model, or another slot.")
SLOT = Short(
    _MODEL,
    Fields(
        {
            "use": Text("The model as connection/model, or another slot."),
            "connection": Text("The connection of 'use', which is then the name at its endpoint."),
            "fallback": Items(_MODEL, "Models or slots that answer when the one before fails."),
            "parameters": Anything("Defaults of the parameters of calls."),
        },
        "What the slot is bound to.",
        needs=("use",),
        what="field of a slot",
    ),
)
_SLOTS = Named(SLOT, "Slots: names that flows use for models.", **_NAME)

PROJECT = Fields(
    {
        "name": Text("The project's name; the folder's if absent."),
        "store": Text("Like FLOWGRADE_STORE; a path counts from the project's folder."),
        "connections": Text("Like FLOWGRADE_CONNECTIONS; a path counts from the project's folder."),
        "models": _SLOTS,
        "environments": Named(
            Fields({"models": _SLOTS}, what="setting of an environment"),
            "By name, what is otherwise where FLOWGRADE_ENVIRONMENT or --environment names it.",
            **_NAME,
        ),
    },
)
"""What the file may hold."""

KEYS = PROJECT.keys
"""Every key of the file, with its shape."""


def project_schema() -> JsonObject:
    """The JSON Schema of ``flowgrade.yaml``."""
    return json_schema(PROJECT, title="flowgrade.yaml")
