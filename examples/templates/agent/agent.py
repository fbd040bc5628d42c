"""The loop of the agent: plan, call a tool, look at what it found, and so on until the answer."""

import json

from rules import answer, next_call
from shop_tools import SCHEMAS, TODAY, call

from flowgrade import open_model, tool
from flowgrade.models import ChatRequest

MOST = 6  # steps; a planner that goes round in circles ends here

SYSTEM = f"""You are the order desk of an outdoor shop. Today is {TODAY}. Use the tools to find out
what a customer asks; never guess. Answer in one or two sentences. If no tool can help, say that you
cannot help with that."""


@tool
async def agent(question: str, planner: str, model: str) -> dict:
    """The answer and the tools that were called for it, in order."""
    if planner == "rules":
        return by_rules(question)
    if planner == "model":
        return await by_model(question, model)
    raise ValueError(f"There is no planner '{planner}'; there are rules and model.")


def by_rules(question: str) -> dict:
    """Plan by the rules of rules.py."""
    steps = []
    while len(steps) < MOST and (wanted := next_call(question, steps)) is not None:
        name, arguments = wanted
        steps.append((name, arguments, call(name, arguments)))
    return {"answer": answer(steps), "tools": [name for name, _, _ in steps]}


async def by_model(question: str, model: str) -> dict:
    """Let a model plan: it asks for tools until it answers."""
    opened, called = open_model(model), []
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    for _ in range(MOST):
        request = ChatRequest(messages=messages, parameters={"tools": SCHEMAS, "temperature": 0})
        response = await opened.chat(request)
        if not response.tool_calls:
            return {"answer": response.text or "", "tools": called}
        messages.append(response.message)
        for wish in response.tool_calls:
            name = wish["function"]["name"]
            called.append(name)
            found = call(name, arguments_of(wish))
            content = json.dumps(found)
            messages.append({"role": "tool", "tool_call_id": wish["id"], "content": content})
    return {"answer": f"I gave up after {MOST} steps.", "tools": called}


def arguments_of(wish: dict) -> dict:
    """The arguments of a tool call; what is no JSON object leads to an error of the tool."""
    try:
        found = json.loads(wish["function"]["arguments"] or "{}")
    except ValueError:
        return {"unreadable": wish["function"]["arguments"]}
    return found if isinstance(found, dict) else {"unreadable": found}
