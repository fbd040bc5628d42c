"""A script being played: its rules compiled, its draws and counts under way."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random

from flowgrade.testing.stub.call import Call
from flowgrade.testing.stub.delay import drawing
from flowgrade.testing.stub.script import StubReply, StubScript

_REMEMBERED_BODIES = 100_000


class Mishap(StrEnum):
    """What goes wrong with one call, by chance or by a rule."""

    ERROR = "error"
    """By chance only; a rule has a status for it."""
    HANG = "hang"
    """By a rule only, as is the next."""
    EMPTY = "empty"
    DROP = "drop"
    TRUNCATE = "truncate"
    GARBAGE = "garbage"


class Rule:
    """One reply of the script, with its place in the cycle of texts."""

    def __init__(self, reply: StubReply, rng: Random) -> None:
        self.reply = reply
        self.latency = None if reply.latency is None else drawing(reply.latency, rng)
        self._pattern = re.compile(reply.match) if reply.match is not None else None
        self._texts = [reply.text] if isinstance(reply.text, str) else list(reply.text or ())
        self._given = 0
        self._answered = 0

    def matches(self, call: Call) -> bool:
        """Whether the rule is for ``call`` and has not yet answered its share."""
        reply = self.reply
        return (
            (reply.times is None or self._answered < reply.times)
            and (reply.role is None or reply.role == call.role)
            and (reply.model is None or fnmatchcase(call.model, reply.model))
            and (reply.path is None or fnmatchcase(call.path, reply.path))
            and (self._pattern is None or self._pattern.search(call.asked) is not None)
        )

    def take(self) -> None:
        """Count one call as answered."""
        self._answered += 1

    def next_text(self) -> str | None:
        """The next text of the cycle; None when the rule has no text."""
        if not self._texts:
            return None
        text = self._texts[self._given % len(self._texts)]
        self._given += 1
        return text


class Play:
    """The state that a script needs while calls come in; a new script starts a new one."""

    def __init__(self, script: StubScript) -> None:
        self.script = script
        # Delays have their own source: a changed latency must not change which calls fail.
        delays, self._chance = Random(script.seed), Random(script.seed + 1)
        self.latency = drawing(script.latency, delays)
        self.token_latency = drawing(script.token_latency, delays)
        self.slow_first_token = drawing(script.slow_first_token, delays)
        self.batch_latency = drawing(script.batch_latency, delays)
        self._rules = [Rule(reply, delays) for reply in script.replies]
        pattern = script.content_filter_pattern
        self.filter = re.compile(pattern) if pattern is not None else None
        self._shares = [
            (mishap, share)
            for mishap, share in (
                (Mishap.ERROR, script.error_rate),
                (Mishap.DROP, script.drop_rate),
                (Mishap.TRUNCATE, script.truncate_rate),
                (Mishap.GARBAGE, script.garbage_rate),
            )
            if share
        ]
        self._failures: OrderedDict[int, int] = OrderedDict()
        self._recent: deque[float] = deque()
        self._answers = 0

    def rule_for(self, call: Call) -> Rule | None:
        """The first rule that matches, counted as used."""
        rule = next((rule for rule in self._rules if rule.matches(call)), None)
        if rule is not None:
            rule.take()
        return rule

    def mishap(self) -> Mishap | None:
        """Draw what goes wrong with the next call; one draw a call, none without rates."""
        if not self._shares:
            return None
        drawn = self._chance.random()
        for mishap, share in self._shares:
            if drawn < share:
                return mishap
            drawn -= share
        return None

    def fails_first(self, body: bytes) -> bool:
        """Whether the call with this body still belongs to the first ones that fail."""
        if not self.script.fail_first:
            return False
        key = hash(body)
        failed = self._failures.get(key, 0)
        if failed >= self.script.fail_first:
            return False
        self._failures[key] = failed + 1
        if len(self._failures) > _REMEMBERED_BODIES:
            self._failures.popitem(last=False)
        return True

    def wait_for_rate(self, now: float) -> float | None:
        """Seconds until the rate limit lets a call through; None when it does so now.

        The limit holds for every window of one second; below one call a second for the window
        in which one call is allowed.
        """
        limit = self.script.rate_limit
        if limit is None:
            return None
        most, window = (int(limit), 1.0) if limit >= 1 else (1, 1 / limit)
        while self._recent and self._recent[0] <= now - window:
            self._recent.popleft()
        if len(self._recent) >= most:
            return self._recent[0] + window - now
        self._recent.append(now)
        return None

    def next_number(self) -> int:
        """The number of the next answer, from 1."""
        self._answers += 1
        return self._answers
