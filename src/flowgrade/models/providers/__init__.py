"""The built-in providers, one file each; they do not know each other."""
