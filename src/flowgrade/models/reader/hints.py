"""Tell from a question's form what its answer must contain: a number, a date, a name, a reason.

A hint is a pattern over a sentence. What the question itself mentions does not count, so a year
in the question is no answer to "how many".
"""

from __future__ import annotations

import re
from collections.abc import Set

from flowgrade.models.reader.words import key

_NUMBER_WORD = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty"
    r"|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?|half"
    r"|third|quarter|twice|once|none|several)"
)
_NUMBER = rf"\b\d[\d.,:]*|\b{_NUMBER_WORD}\b"
_UNIT = (
    r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centur(?:y|ies)|weekdays?"
    r"|workdays?|overnight|daily|weekly|monthly|yearly|annually)"
)
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
)
_DAY = r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|today|tomorrow|yesterday|noon|midnight)"
_NAME = r"(?<=[\w,;:)] )[\"\u201c(]?(?-i:[A-Z])[\w'\u2019-]+"
_CURRENCY = r"[$\u20ac\u00a3\u00a5]"
_BE = r"(?:is|are|was|were)"

_HINTS = {
    "number": rf"{_NUMBER}|%|\bpercent\b",
    "duration": rf"(?:{_NUMBER})[\s-]*(?:\w+[\s-]+){{0,2}}{_UNIT}\b|\b{_UNIT}\b",
    "money": rf"{_CURRENCY}\s?\d|\b\d[\d.,]*\s?(?:{_CURRENCY}|dollars?|euros?|pounds?|cents?"
    r"|usd|eur|gbp|chf|million|billion)|\d[.,]\d\d\b|\bfree\b|%",
    "date": rf"\b(?:1\d|20)\d\d(?:s\b|\b)|\b{_MONTH}\b|\b{_DAY}\b|\b\d\d?:\d\d\b|\bcentury\b"
    r"|\b\d{1,2}(?:[:.]\d\d)?\s?(?:[ap]\.?m\b|o'clock)"
    rf"|\b(?:within|after|before|until|by)\s+(?:\w+\s+){{0,2}}{_UNIT}\b",
    "name": rf"{_NAME}|\b(?:team|department|manager|owner|office|desk|staff|support|group|contact"
    r"|company)\b",
    "place": r"\b(?:in|at|on|near|under|from|to|into|inside|between|above|below|behind|via|of)\s+"
    rf"(?:the\s+)?[\w\"'\u201c]+|{_NAME}",
    "reason": r"\b(?:because|since|so that|in order to|to avoid|to prevent|due to|owing to"
    r"|as a result|therefore|thus|hence|reasons?|caused?|leads? to|led to|in case|otherwise"
    r"|to ensure)\b",
    "verdict": r"\b(?:can|cannot|may|must|should|not|never|no|yes|only|always|allowed|required"
    r"|need|possible|able|unless|except|without|if)\b|n't\b",
    "manner": r"\b(?:by|using|through|via|click|open|press|select|choose|go to|enter|tap|hold"
    r"|call|set|run|type|use|visit|contact|follow|first|then)\b",
    "meaning": rf"\b(?:{_BE}|means?|refers? to|stands? for|called|known as|defined)\b"
    r"|[(\u2013\u2014]",
}
# The first form that is found in the question holds.
_FORMS = {
    rf"how (?:long|soon|quickly|fast)\b|what (?:period|duration)|how many {_UNIT}": "duration",
    r"how much (?:\w+ )?(?:does|do|did|is|are|will|would|was|were|money)\b"
    rf"|what(?:'s| {_BE}| will)? (?:the |my |your )?(?:\w+ )?(?:price|cost|fee|charge)"
    r"|what (?:does|do|did|will|would) .{1,60}\bcost\b": "money",
    r"how (?:many|much|often|old|far|big|large|high|tall|deep|heavy|wide|hot|cold|likely)\b"
    rf"|(?:what|which) (?:{_BE} the )?(?:\w+ )?"
    r"(?:number|percent\w*|amount|size|rate|population|limit|maximum|minimum|age)\b": "number",
    r"\bwhen\b|(?:what|which) (?:\w+ )?(?:year|date|day|month|time|century|decade|deadline)\b": (
        "date"
    ),
    r"\bwho(?:m|se)?\b|(?:what|which) (?:\w+ )?"
    r"(?:team|person|department|company|group|man|woman|owner|name)\b": "name",
    r"\bwhere\b|(?:what|which) (?:\w+ )?"
    r"(?:place|city|country|state|location|building|room|site|town)\b": "place",
    r"\bwhy\b|what (?:\w+ )?(?:reason|cause)|how come|what for\b": "reason",
    r"^(?:so |and |but )?(?:can|could|may|am|do|does|did|will|would|should|must|has|have"
    rf"|{_BE})\b": "verdict",
    rf"\bhow (?:can|do|does|did|to|should|would|{_BE})\b": "manner",
    rf"\bwhat (?:{_BE}|does|do)\b": "meaning",
}
# What an answer of the right form adds to a score; vague forms tell little.
WORTH = {
    "number": 0.25,
    "duration": 0.2,
    "money": 0.1,
    "date": 0.12,
    "name": 0.06,
    "place": 0.06,
    "reason": 0.15,
    "verdict": 0.12,
    "manner": 0.08,
    "meaning": 0.03,
}
# Forms whose answer hardly does without them.
STRICT = frozenset({"number", "duration", "money", "date", "name", "reason"})
_REFERENCE = re.compile(
    r"[\"'\u201c(]*(?:it|its|this|that|these|those|they|their|them|he|his|she|her|such|both)\b",
    re.I,
)
_COMPILED_FORMS = [(re.compile(form, re.I), name) for form, name in _FORMS.items()]
_COMPILED_HINTS = {name: re.compile(pattern, re.I) for name, pattern in _HINTS.items()}
_WORD = re.compile(r"\w+")


def hint(question: str) -> str | None:
    """Return the name of what the question's answer must contain, or None if its form is open."""
    for form, name in _COMPILED_FORMS:
        if form.search(question):
            return name
    return None


def meets(name: str, sentence: str, known: Set[str]) -> bool:
    """Say whether the sentence contains what is hinted at, beyond the keys that are known."""
    for match in _COMPILED_HINTS[name].finditer(sentence):
        words = _WORD.findall(match.group())
        if not words or any(key(word) not in known for word in words):
            return True
    return False


def refers_back(sentence: str) -> bool:
    """Say whether the sentence begins with a word that stands for something said before."""
    return _REFERENCE.match(sentence) is not None
