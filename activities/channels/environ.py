"""How providers read their settings: none at all means off, half of them is a mistake worth a clear line."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from domain.orders import BadInput


def any_given(environ: Mapping[str, str], *names: str) -> bool:
    """Whether one of these settings is there. An empty one is not: compose files pass those on."""
    return any(optional(environ, name) for name in names)


def optional(environ: Mapping[str, str], name: str) -> str | None:
    """Read a setting without surrounding space, None where it is absent or empty."""
    return environ.get(name, "").strip() or None


def required(environ: Mapping[str, str], name: str) -> str:
    """Read a setting that its provider cannot do without."""
    value = optional(environ, name)
    if value is None:
        raise BadInput(name, "missing, set it or remove the provider's other settings")
    return value


def base_url(environ: Mapping[str, str], name: str, default: str) -> str:
    """Where a provider's API is, without a trailing slash."""
    value = optional(environ, name) or default
    try:
        parts = urlsplit(value)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_url = False
    if not is_url or parts.query or parts.fragment:
        raise BadInput(name, f"is not a URL, write for example {default}")
    return value.rstrip("/")
