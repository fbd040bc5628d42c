"""What a whole run is worth."""

from flowgrade import log_metric, tool


@tool
def score(
    answers: list[str], tools: list[list[str]], expected: list[str], expected_tools: list[list[str]]
) -> dict:
    """The share of answers that say what is expected, and of rows with exactly the right tools."""
    known = [i for i, wanted in enumerate(expected) if wanted]
    if not known:
        return {"rows": 0}
    right = sum(expected[i].lower() in answers[i].lower() for i in known)
    planned = sum(tools[i] == expected_tools[i] for i in known)
    log_metric("right_answer", round(right / len(known), 3))
    log_metric("right_tools", round(planned / len(known), 3))
    return {"rows": len(known), "right": right, "planned": planned}
