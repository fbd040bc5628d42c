"""Configuration, read once at start into one frozen record and passed down.

The environment comes first, then ``.env`` and ``flowgrade.yaml`` of the project, then defaults.
"""

from flowgrade.settings.declared import DeclaredIndex
from flowgrade.settings.dotenv import parse_dotenv, read_dotenv
from flowgrade.settings.files import SettingsFile, read_settings_file
from flowgrade.settings.read import find_project, read_settings
from flowgrade.settings.redaction import (
    HIDDEN,
    is_secret_name,
    public_address,
    redact,
    redact_all,
    remember,
    remember_address,
    remember_headers,
    remember_variables,
)
from flowgrade.settings.secret import Secret
from flowgrade.settings.settings import VARIABLES, Settings, Variable
from flowgrade.settings.slots import ModelSlot
from flowgrade.settings.yamlfile import read_shaped_yaml

__all__ = [
    "VARIABLES",
    "DeclaredIndex",
    "ModelSlot",
    "Secret",
    "Settings",
    "SettingsFile",
    "Variable",
    "find_project",
    "read_settings",
    "read_shaped_yaml",
    "HIDDEN",
    "is_secret_name",
    "parse_dotenv",
    "read_dotenv",
    "public_address",
    "read_settings_file",
    "redact",
    "redact_all",
    "remember",
    "remember_address",
    "remember_headers",
    "remember_variables",
]
