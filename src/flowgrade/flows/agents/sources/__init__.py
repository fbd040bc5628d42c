"""The built-in sources of tools, one file each; they come in by the entry points of a plugin."""
