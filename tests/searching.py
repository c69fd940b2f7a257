"""How long property tests search: the same few examples every time, or ``EXAMPLES=500`` new ones."""

import os

from hypothesis import HealthCheck, Phase, settings

_ASKED_FOR = int(os.environ.get("EXAMPLES") or 0)


def searching(usually: int, *, simplifies: bool = True) -> settings:
    """Settings for a property test. What is found by a long search is kept as an ``@example``.

    ``simplifies`` what it found before it shows it: for a test on the stage only when asked to search long.
    """
    phases = set(Phase) if simplifies or _ASKED_FOR else {Phase.explicit, Phase.generate}
    return settings(
        max_examples=_ASKED_FOR or usually,
        derandomize=not _ASKED_FOR,
        deadline=None,
        database=None,
        phases=phases,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
