"""``python -m activities.wording``: says, a line each, what the catalogues lack or get wrong.

Exit code 1 when something is missing or broken. A note is not: it tells of what is cut off or costs more.
"""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from activities.wording.checking import check
from activities.wording.wording import CATALOGUES


def main(folder: Annotated[Path, typer.Argument(help="where the .ftl files are")] = CATALOGUES) -> None:
    """Check every language in a folder of catalogues."""
    # What is wrong is said below, with its name.
    logging.disable(logging.WARNING)
    found = check(folder)
    for finding in found:
        typer.echo(finding)
    wrong = sum(not finding.is_note for finding in found)
    typer.echo(f"{len(list(folder.glob('*.ftl')))} languages, {wrong} missing or broken")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    typer.run(main)
