"""What the OpenAPI document says beyond what each door says of itself."""

from typing import Any

from pydantic import BaseModel


def inlined(model: type[BaseModel]) -> dict[str, Any]:
    """A model's schema with everything in its place: a reference would point out of where it is put."""
    schema = model.model_json_schema()
    known = schema.pop("$defs", {})
    found: dict[str, Any] = _put_in(schema, known)
    return found


def _put_in(part: Any, known: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_put_in(one, known) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _put_in(known[part["$ref"].rpartition("/")[2]], known)
    return {name: _put_in(value, known) for name, value in part.items()}
