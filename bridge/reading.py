"""Reads the bridge's settings: what is missing or half there is one clear line."""

from collections.abc import Mapping
from pathlib import Path

from domain.orders import BadInput


def optional(environ: Mapping[str, str], name: str) -> str | None:
    """Read a setting without surrounding space, None where it is absent or empty."""
    return environ.get(name, "").strip() or None


def required(environ: Mapping[str, str], name: str, example: str) -> str:
    """Read a setting that the chosen source cannot do without."""
    value = optional(environ, name)
    if value is None:
        raise BadInput(name, f"missing, BRIDGE_SOURCE needs it, for example {example}")
    return value


def both_or_none(environ: Mapping[str, str], *names: str) -> tuple[str | None, ...]:
    """Read settings that only make sense together."""
    values = tuple(optional(environ, name) for name in names)
    if any(values) and not all(values):
        missing = next(name for name, value in zip(names, values, strict=True) if not value)
        raise BadInput(missing, f"missing, set all of {', '.join(names)} or none")
    return values


def file(environ: Mapping[str, str], name: str) -> str | None:
    """Read the name of a file, which has to be there."""
    value = optional(environ, name)
    if value is not None and not Path(value).is_file():
        raise BadInput(name, f"{value} cannot be read, name a file")
    return value


def number(environ: Mapping[str, str], name: str, default: int, most: int) -> int:
    """Read a whole number from 1 on."""
    value = optional(environ, name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= most):
        raise BadInput(name, f"{value} is no number from 1 to {most}")
    return int(value)


def seconds(environ: Mapping[str, str], name: str, default: float, most: float) -> float:
    """Read a number of seconds from 0 on."""
    value = optional(environ, name)
    try:
        found = default if value is None else float(value)
    except ValueError:
        found = -1
    if not 0 <= found <= most:
        raise BadInput(name, f"{value} is no number of seconds from 0 to {most:.0f}")
    return found
