"""A planner without a model: rules look for what a question asks and which tool knows it."""

import re
from typing import Any

from shop_tools import SHIPPING, products

Step = tuple[str, dict[str, Any], dict[str, Any]]  # tool, arguments, what it found

CANNOT = "I cannot help with that. I know about orders, refunds, shipping and stock."


def next_call(question: str, steps: list[Step]) -> tuple[str, dict[str, Any]] | None:
    """The tool to call next with its arguments; None when the steps are enough for an answer."""
    done = {name: found for name, _, found in steps}
    for name, arguments in wishes(question):
        if name == "refund" and done.get("order_status", {}).get("status") != "delivered":
            continue
        if name not in done:
            return name, arguments
    return None


def wishes(question: str) -> list[tuple[str, dict[str, Any]]]:
    """The tools that a question asks for, in the order in which they help."""
    found: list[tuple[str, dict[str, Any]]] = []
    order = re.search(r"A-\d{5}", question)
    if order:
        found.append(("order_status", {"order": order[0]}))
        if re.search(r"refund|return|send .* back|money back", question, re.I):
            found.append(("refund", {"order": order[0]}))
    product = next((name for name in products() if name.lower() in question.lower()), None)
    if product:
        found.append(("stock", {"product": product}))
    weight = re.search(r"(\d+(?:\.\d+)?) ?kg", question)
    if weight and re.search(r"ship", question, re.I):
        country = next((name for name in SHIPPING if name in question), None)
        named = re.search(r"to ([A-Z]\w+)", question)
        place = country or (named[1] if named else "an unknown country")
        found.append(("shipping_cost", {"country": place, "kilograms": float(weight[1])}))
    return found


def answer(steps: list[Step]) -> str:
    """What the steps say, a sentence for each."""
    return " ".join(sentence(*step) for step in steps) or CANNOT


def sentence(name: str, arguments: dict[str, Any], found: dict[str, Any]) -> str:
    """One step in words."""
    if "error" in found:
        return found["error"]
    if name == "order_status":
        return status(arguments["order"], found)
    if name == "refund":
        if found["possible"]:
            return (
                f"You may return it until {found['until']} and get {found['euros']:g} euros back."
            )
        return f"It could be returned until {found['until']}; that day is over."
    if name == "shipping_cost":
        where = arguments["country"]
        return f"Shipping to {where} costs {found['euros']} euros and takes {found['days']} days."
    if not found["pieces"]:
        return f"The {arguments['product']} is not in stock at the moment."
    return f"There are {found['pieces']} pieces of the {arguments['product']} in stock."


def status(order: str, found: dict[str, Any]) -> str:
    """The state of an order in words."""
    if found["status"] == "delivered":
        return f"{order} ({found['product']}) was delivered on {found['date']}."
    if found["status"] == "cancelled":
        return f"{order} ({found['product']}) was cancelled."
    when = f"It is not delivered yet; it should come on {found['date']}."
    return f"{order} ({found['product']}) is {found['status']}. {when}"
