"""The tools: what the agent can look up. Plain functions, each with what a model needs to know."""

import json
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from flowgrade import span

DATA = Path(__file__).parent / "data"
TODAY = date(2026, 5, 4)  # fixed, so that the example answers the same every day
RETURN_DAYS = 30
SHIPPING = {  # country: euros up to 5 kg, euros above, days
    "Germany": (5, 11, 2),
    "Austria": (7, 7, 3),
    "France": (9, 15, 3),
    "Norway": (18, 29, 6),
}


def order_status(order: str) -> dict[str, Any]:
    """Where an order is: its product, its state, and the day it came or is to come."""
    return orders().get(order) or {"error": f"There is no order {order}."}


def refund(order: str) -> dict[str, Any]:
    """Whether a delivered order may still be returned, until when, and for how much money."""
    found = orders().get(order)
    if found is None or found["status"] != "delivered":
        return {"error": f"The order {order} was not delivered."}
    until = date.fromisoformat(found["date"]) + timedelta(days=RETURN_DAYS)
    return {"possible": until >= TODAY, "until": until.isoformat(), "euros": found["price"]}


def shipping_cost(country: str, kilograms: float) -> dict[str, Any]:
    """What shipping a parcel to a country costs, and how many days it takes."""
    if country not in SHIPPING:
        return {"error": f"We do not ship to {country}."}
    light, heavy, days = SHIPPING[country]
    return {"euros": light if kilograms <= 5 else heavy, "days": days}


def stock(product: str) -> dict[str, Any]:
    """How many pieces of a product are in stock, by its full name."""
    pieces = products().get(product)
    return {"error": f"We do not sell {product}."} if pieces is None else {"pieces": pieces}


TOOLS = {tool.__name__: tool for tool in (order_status, refund, shipping_cost, stock)}

_TEXT, _NUMBER = {"type": "string"}, {"type": "number"}
PARAMETERS = {
    "order_status": {"order": _TEXT},
    "refund": {"order": _TEXT},
    "shipping_cost": {"country": _TEXT, "kilograms": _NUMBER},
    "stock": {"product": _TEXT},
}
SCHEMAS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": tool.__doc__,
            "parameters": {
                "type": "object",
                "properties": PARAMETERS[name],
                "required": list(PARAMETERS[name]),
            },
        },
    }
    for name, tool in TOOLS.items()
]


def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call a tool, as a step of the trace. What goes wrong is told to the planner, not raised."""
    with span(name) as step:
        step.inputs(arguments)
        try:
            found = TOOLS[name](**arguments)
        except (KeyError, TypeError, ValueError) as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        step.outputs(found)
        return found


@cache
def orders() -> dict[str, dict[str, Any]]:
    """The orders by number."""
    found = json.loads((DATA / "orders.json").read_text(encoding="utf-8"))
    return {order["order"]: order for order in found}


@cache
def products() -> dict[str, int]:
    """How many pieces there are of each product."""
    return json.loads((DATA / "stock.json").read_text(encoding="utf-8"))
