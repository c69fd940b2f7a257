"""Every operation of the API by its own document: whatever is added to it is walked over too."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

# What stands in a path; anything else is found by its example in the document.
KNOWN = {"order_id": "A17", "recipient_id": "c-42"}


@dataclass(frozen=True)
class Operation:
    """One method of one path. ``scopes``: what a key needs, None where no key opens it."""

    method: str
    path: str
    says: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def schemes(self) -> Mapping[str, list[str]]:
        """Each way to be let in, with the scopes it takes."""
        return {name: scopes for way in self.says.get("security", ()) for name, scopes in way.items()}

    @property
    def parameters(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self.says.get("parameters", [])
        return found

    @property
    def url(self) -> str:
        """A path that may well lead somewhere, with the query that it cannot do without."""
        url = self.path
        for parameter in self.parameters:
            value = quote(str(example_of(parameter, KNOWN)), safe="")
            if parameter["in"] == "path":
                url = url.replace(f"{{{parameter['name']}}}", value)
            elif parameter["in"] == "query" and parameter.get("required"):
                url += f"{'&' if '?' in url else '?'}{parameter['name']}={value}"
        return url

    @property
    def body(self) -> tuple[str, Any] | None:
        """The type and the example of what is sent, None where nothing is."""
        for kind, content in self.says.get("requestBody", {}).get("content", {}).items():
            return kind, next(iter(examples_in(content)), {})
        return None

    @property
    def streams(self) -> bool:
        """Whether its answer has no end."""
        return "text/event-stream" in str(self.says["responses"])


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """All of them."""
    for path, methods in document["paths"].items():
        for method, says in methods.items():
            yield Operation(method.upper(), path, says)


def examples_in(content: Mapping[str, Any]) -> list[Any]:
    """What a part of the document gives as examples of itself."""
    found = [content["example"]] if "example" in content else []
    several = content.get("examples", [])
    found += [one["value"] for one in several.values()] if isinstance(several, dict) else several
    schema = content.get("schema", {})
    return found + (examples_in(schema) if schema else [])


def example_of(parameter: Mapping[str, Any], known: Mapping[str, str]) -> Any:
    """What to put for a parameter."""
    return known.get(parameter["name"]) or next(iter(examples_in(parameter)), "x")
