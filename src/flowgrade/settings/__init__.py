"""Configuration, read once at start into one frozen record and passed down.

The environment comes first, then ``.env`` and ``flowgrade.yaml`` of the project, then defaults.
"""

from flowgrade.settings.project_file import KEYS
from flowgrade.settings.read import find_project, read_settings
from flowgrade.settings.secret import Secret
from flowgrade.settings.settings import VARIABLES, Settings, Variable

__all__ = ["KEYS", "VARIABLES", "Secret", "Settings", "Variable", "find_project", "read_settings"]
