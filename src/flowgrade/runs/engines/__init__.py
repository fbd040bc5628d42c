"""Engines: where the rows of a run are done, one module each."""
