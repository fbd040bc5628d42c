"""``flowgrade models``: which there are, what they can do and cost, and how they do."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from flowgrade.app import App
from flowgrade.cli.comparison import compare
from flowgrade.cli.environment import environment_option
from flowgrade.cli.model_list import Filter, Line, listed, matching
from flowgrade.cli.show import amount, duration, fields, json_out, money, note, table
from flowgrade.errors import FlowgradeError
from flowgrade.models import (
    CAPABILITIES,
    Answer,
    ChatRequest,
    LocalServer,
    Models,
    RetryPolicy,
    ask,
    ask_to_embed,
    find_local,
)


@click.group()
def models() -> None:
    """List, show, test and compare models."""


models.add_command(compare)


@models.command("list")
@click.argument("words", nargs=-1)
@click.option("--provider", help="Only models of this provider or connection.")
@click.option(
    "--capability",
    "capabilities",
    multiple=True,
    type=click.Choice(list(CAPABILITIES)),
    help="Only models that are known to have it; may be given several times.",
)
@click.option(
    "--max-price",
    type=click.FloatRange(0),
    help="Only models whose million input tokens cost at most so many US dollars.",
)
@click.option("--configured", is_flag=True, help="Only models that can be called from here.")
@click.option("--local", is_flag=True, help="Only servers of this machine that answer now.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(words: tuple[str, ...], local: bool, as_json: bool, **options: Any) -> None:
    """The models of the catalog, those that can be called from here marked with *.

    WORDS narrow it: each must stand in the name, the provider, an ability or the deployment. Prices
    are US dollars for a million tokens. The catalog knows many models, not all: any model of a
    connection can be used.
    """
    app = App()
    wanted = Filter(words=words, **options)
    lines = matching(_served(app.models) if local else listed(app.models), wanted)
    if as_json:
        json_out([line.as_json() for line in lines])
        return
    if not lines:
        note(_nothing(local))
        return
    table(
        ["", "MODEL", "CONTEXT", "INPUT", "OUTPUT", "WHERE", "RETIRES", "CAN"],
        [line.row() for line in lines],
    )
    unready = {line.missing for line in lines if line.missing}
    if unready and not words and not wanted.provider:
        note("* can be called from here. For the others, see: flowgrade models show MODEL")


@models.command()
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@environment_option
def show(model: str, as_json: bool) -> None:
    """What is known of MODEL: abilities, limits, prices with their date and source."""
    found = _one(App().models, model)
    if as_json:
        json_out(found.as_json())
        return
    fields(found.fields())


@models.command()
@click.argument("model")
@click.option("--prompt", default="Say hello in one word.", show_default=True, help="What to ask.")
@click.option("--embed", is_flag=True, help="Embed the prompt instead of asking it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@environment_option
def test(model: str, prompt: str, embed: bool, as_json: bool) -> int:
    """Call MODEL once and say how that went.

    An embedding model embeds the prompt. A call that fails is not tried again.
    """
    opened = Models(App().settings, retry=RetryPolicy(retries=0))
    embeds = embed or (opened.can(model, "chat") is False and opened.can(model, "embeddings"))
    answer = asyncio.run(_call(opened, model, prompt, embed=bool(embeds)))
    if as_json:
        json_out({"ok": answer.error is None, **answer.as_json()})
    else:
        _report(answer)
    return 0 if answer.error is None else 1


async def _call(models: Models, name: str, prompt: str, *, embed: bool) -> Answer:
    async with models:
        if embed:
            return await ask_to_embed(models, name, prompt)
        return await ask(models, name, ChatRequest(messages=[{"role": "user", "content": prompt}]))


def _report(answer: Answer) -> None:
    fields([("model", answer.model)])
    error = answer.error
    if error is not None:
        fields([("result", click.style("failed", fg="red"))])
        fields([("error", f"{error.type}: {error.message}")])
        fields([("next", error.hint)] if error.hint else [])
        return
    usage = answer.usage
    first = f", first text after {duration(answer.first_token)}" if answer.first_token else ""
    fields(
        [
            ("result", click.style("works", fg="green")),
            ("served by", answer.answered_by or "not told"),
            ("answer", answer.text or ""),
            ("time", f"{duration(answer.seconds)}{first}"),
            (
                "tokens",
                f"{amount(usage.input_tokens)} in, {amount(usage.output_tokens)} out"
                if usage
                else "not told",
            ),
            ("cost", money(answer.cost)),
        ]
    )


def _one(opened: Models, name: str) -> Line:
    """A model by its full name in the catalog, by a slot, or as it would be opened."""
    if name in opened.settings.models or "/" in name:
        try:
            known = opened.known(name)
        except FlowgradeError:
            known = None  # a provider of the catalog without a connection
        if known is not None:
            return Line.of(opened, known)
    return Line.of(opened, opened.catalog.get(name))


def _served(opened: Models) -> list[Line]:
    async def find() -> list[LocalServer]:
        async with opened:
            return await find_local(opened)

    return [
        Line.served(opened, server, name)
        for server in asyncio.run(find())
        for name in server.models or ("",)
    ]


def _nothing(local: bool) -> str:
    if local:
        return (
            "No server of this machine answers. Looked at ollama, vllm, llamacpp and lmstudio on "
            "their usual ports; another address goes into connections.yaml."
        )
    return "The catalog has no such model. Fewer words find more: flowgrade models list"
