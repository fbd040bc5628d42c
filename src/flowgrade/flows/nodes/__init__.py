"""The built-in node types, one file each; they come in by the entry points of a plugin."""
