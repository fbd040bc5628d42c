"""A comparison of models as one HTML page that needs nothing else."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from flowgrade.cli.show import amount, duration, money
from flowgrade.models import Answer, Comparison, Standing


def comparison_page(found: Comparison) -> str:
    """The page; what models and users wrote is shown as text, whatever it holds."""
    source = files("flowgrade.cli").joinpath("pages/comparison.html.jinja")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(source.read_text(encoding="utf-8")).render(
        models=_standings(found.standings()),
        questions=len(found.questions),
        system=found.system,
        made=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        rows=[
            {"question": question, "answers": [_answer(answer) for answer in row]}
            for question, row in zip(found.questions, found.answers, strict=True)
        ],
    )


def _standings(standings: list[Standing]) -> list[dict[str, Any]]:
    times = [one.median for one in standings if one.median is not None]
    # A cost counts as the least only where all of it is known and every question was answered.
    costs = [one.cost for one in standings if one.cost is not None and _is_whole(one)]
    several = len(standings) > 1
    return [
        {
            "name": one.model,
            "answered": f"{one.answered}/{one.answered + one.failed}",
            "failed": one.failed,
            "median": _time(one.median),
            "share": None if one.median is None else round(100 * one.median / max(times), 1),
            "quickest": several and one.median is not None and one.median == min(times),
            "p95": _time(one.p95),
            "first": _time(one.first_token),
            "tokens_in": _count(one.input_tokens),
            "tokens_out": _count(one.output_tokens),
            "cost": money(one.cost, unpriced=one.unpriced) if one.answered else "–",
            "cheapest": several and bool(costs) and _is_whole(one) and one.cost == min(costs),
        }
        for one in standings
    ]


def _is_whole(standing: Standing) -> bool:
    return not standing.failed and not standing.unpriced


def _answer(answer: Answer) -> dict[str, Any]:
    facts = [duration(answer.seconds)]
    if answer.usage is not None and answer.usage.output_tokens is not None:
        facts.append(f"{answer.usage.output_tokens:,} tokens")
    if answer.error is None:
        facts.append(f"cost {money(answer.cost)}")
    error = answer.error
    return {
        "model": answer.model,
        "facts": " · ".join(facts),
        "text": answer.text or "",
        "error": f"{error.type}: {error.message}" if error is not None else None,
        "hint": error.hint if error is not None else None,
    }


def _time(seconds: float | None) -> str:
    return "–" if seconds is None else duration(seconds)


def _count(number: int | None) -> str:
    return "–" if number is None else amount(number)
