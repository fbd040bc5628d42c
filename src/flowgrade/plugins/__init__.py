"""Find and load plugins by entry point; built-ins come through the same door."""

from flowgrade.plugins.doors import later
from flowgrade.plugins.installed import EntryPoint, entry_points
from flowgrade.plugins.load import Plugin, load_plugin, plugins

__all__ = ["EntryPoint", "Plugin", "entry_points", "later", "load_plugin", "plugins"]
