"""Prompt flow's Python client: ``PFClient`` and the run that it makes."""
