"""``flowgrade index``: one file for each command."""
