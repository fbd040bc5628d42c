"""Prompt flow's connection YAML in our own fields."""

from __future__ import annotations

from urllib.parse import urlsplit

from flowgrade.records import Json, JsonObject

_SKIPPED = frozenset({"$schema", "name", "type", "module", "configs", "secrets"})
_AZURE_VERSION = "2024-02-01"
_TYPES = {"openai": "open_ai", "azure_openai": "azure_open_ai"}
_AUTH_MODES = {"meid_token": "entra", "key": "key"}


def is_promptflow(item: Json) -> bool:
    """Whether ``item`` is one of prompt flow's connections."""
    return isinstance(item, dict) and isinstance(item.get("type"), str) and "kind" not in item


def promptflow_entry(item: JsonObject) -> JsonObject:
    """The connection ``item`` of prompt flow in our fields.

    Models use ``open_ai``, ``azure_open_ai`` and ``serverless``. All others keep their type as
    ``kind``; Python code of a flow reads their ``configs`` and ``secrets``.
    """
    configs = {key: value for key, value in item.items() if key not in _SKIPPED | {"api_key"}}
    configs |= item.get("configs") or {}
    secrets = dict(item.get("secrets") or {})
    if "api_key" in item:
        secrets["api_key"] = item["api_key"]
    kept = {"configs": configs, "secrets": {k: "" if v is None else v for k, v in secrets.items()}}
    return {**kept, **_fields(str(item["type"]).lower(), item, configs)}


def promptflow_fields(name: str, entry: JsonObject) -> JsonObject:
    """``entry``, a connection in our fields, as prompt flow's YAML has it."""
    kind = str(entry.get("kind") or "openai")
    configs, secrets = dict(entry.get("configs") or {}), dict(entry.get("secrets") or {})
    if kind == "custom":
        return {"name": name, "type": kind, "configs": configs, "secrets": secrets}
    serverless = kind == "openai" and "api_base" in configs
    type_ = "serverless" if serverless else _TYPES.get(kind, kind)
    if entry.get("base_url"):
        configs.setdefault("base_url" if type_ == "open_ai" else "api_base", entry["base_url"])
    for field in ("api_version", "organization"):
        if entry.get(field):
            configs.setdefault(field, entry[field])
    key = entry.get("api_key") or secrets.pop("api_key", None)
    return {"name": name, "type": type_, **configs, **secrets, **({"api_key": key} if key else {})}


def _fields(kind: str, item: JsonObject, configs: JsonObject) -> JsonObject:
    key = item.get("api_key")
    if kind == "open_ai":
        address = item.get("base_url")
        return {
            "kind": "openai",
            "api_key": key,
            "base_url": None if address in {"", "_"} else address,
            "organization": item.get("organization"),
        }
    if kind == "azure_open_ai":
        version = str(item.get("api_version") or _AZURE_VERSION)
        configs.setdefault("api_type", "azure")
        configs["api_version"] = version
        return {
            "kind": "azure_openai",
            "api_key": key,
            "base_url": item.get("api_base"),
            "api_version": version,
            **_auth_mode(item),
        }
    if kind == "serverless":
        address = _serverless(item.get("api_base"))
        return {"kind": "openai", "api_key": key, "base_url": address, **_auth_mode(item)}
    return {"kind": kind, "api_key": key}


def _auth_mode(item: JsonObject) -> JsonObject:
    mode = item.get("auth_mode")
    return {"auth_mode": _AUTH_MODES.get(str(mode), mode)} if mode else {}


def _serverless(address: Json) -> Json:
    """Prompt flow lets people leave out the /v1 that the endpoint's paths begin with."""
    if not isinstance(address, str) or urlsplit(address).path.strip("/"):
        return address
    return address.rstrip("/") + "/v1"
