"""Find and load plugins by entry point; built-ins come through the same door."""

from flowgrade.plugins.load import Plugin, load_plugin, plugins

__all__ = ["Plugin", "load_plugin", "plugins"]
