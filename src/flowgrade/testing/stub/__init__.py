"""The stub model server; its public names are at the door of ``flowgrade.testing``."""
