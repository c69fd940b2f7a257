"""Reads which wordings are being compared, from the file that lies beside the languages."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from domain.experiments import Experiment, refuse_those_that_meet
from domain.orders import BadInput

FOLDER = Path(__file__).parent
FILE = "experiments.toml"


def read_experiments(folder: Path = FOLDER) -> Sequence[Experiment]:
    """Every experiment there is or was; none without the file. Raises :class:`BadInput`."""
    file = folder / FILE
    if not file.exists():
        return ()
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise BadInput(FILE, f"is not TOML: {error}") from None
    experiments = [_experiment(name, given) for name, given in found.items()]
    try:
        refuse_those_that_meet(experiments)
    except ValueError as error:
        raise BadInput(FILE, str(error)) from None
    return experiments


def _experiment(name: str, given: object) -> Experiment:
    if not isinstance(given, dict):
        raise BadInput(FILE, f"{name} is no table, write [{name}]")
    try:
        return Experiment.model_validate({**given, "name": name})
    except ValidationError as error:
        raise BadInput(FILE, f"{name}: {BadInput.first_of(error, 'experiment')}") from None
