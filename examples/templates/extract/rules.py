"""Fields of a claim by regular expressions and lists of words."""

import re
from datetime import date

from flowgrade import tool

MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
CURRENCIES = {"€": "EUR", "euros": "EUR", "$": "USD", "£": "GBP"}
KINDS = {
    "travel": ("trip", "flight", "suitcase", "hotel", "journey"),
    "vehicle": ("car", "motorcycle", "windscreen", "lorry"),
    "liability": ("neighbour", "owner", "visitor", "school", "bit", "asks for", "knocked"),
    "home": ("house", "flat", "kitchen", "roof", "cellar", "bathroom", "television", "pipe"),
}
AMOUNT = re.compile(r"([€$£])\s?([\d,]+(?:\.\d+)?)|([\d,]+(?:\.\d+)?)\s?(euros)")
DATE = re.compile(rf"(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{4}})", re.I)


@tool
def rules(mail: str) -> dict:
    """What the mail says of each field; None where the rules find nothing."""
    policy = re.search(r"HM-\d{6}", mail)
    amount, currency = money(mail)
    return {
        "policy": policy[0] if policy else None,
        "date": day(mail),
        "amount": amount,
        "currency": currency,
        "kind": kind(mail),
    }


def money(mail: str) -> tuple[float | None, str | None]:
    """The first amount and its currency."""
    match = AMOUNT.search(mail)
    if match is None:
        return None, None
    number = match[2] or match[3]
    return float(number.replace(",", "")), CURRENCIES[match[1] or match[4]]


def day(mail: str) -> str | None:
    """The first date, as ISO 8601."""
    iso = re.search(r"\d{4}-\d{2}-\d{2}", mail)
    if iso:
        return iso[0]
    match = DATE.search(mail)
    if match is None:
        return None
    return date(int(match[3]), MONTHS.index(match[2].lower()) + 1, int(match[1])).isoformat()


def kind(mail: str) -> str | None:
    """The kind of which the mail has the most words."""
    words = mail.lower()
    counts = {
        name: sum(bool(re.search(rf"\b{word}\b", words)) for word in own)
        for name, own in KINDS.items()
    }
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else None
