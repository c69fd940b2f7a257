"""Why an operator does something: asked for everywhere, and written down together with who it was."""

from domain.orders import BadInput

LONGEST = 500


def because(text: str, field: str, by: str | None = None) -> str:
    """The reason to write down. Raises :class:`BadInput`, which names ``field``, for one that is none.

    ``by`` is the name of the key of whoever gave it, None for somebody at the command line.
    """
    reason = text.strip()
    if not reason:
        raise BadInput(field, "is empty, say why for whoever looks at it next")
    if len(reason) > LONGEST:
        raise BadInput(field, f"is longer than {LONGEST} characters, say it shorter")
    return f"{reason} ({by})" if by else reason
