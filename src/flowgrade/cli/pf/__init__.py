"""``flowgrade pf``: prompt flow's own commands, with their options and what they print."""
