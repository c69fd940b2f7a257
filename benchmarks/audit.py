"""``make audit``: whether a known vulnerability is in any package we pin, by the advisories of OSV.

Where nobody can be asked, as on a machine without the internet, it says that nothing was audited, and that
is no failure. Everything else that is not a clean answer is one. ``OSV_URL`` names another such service.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leaving import DONE, FAILED, leave_after

PINNED = Path(__file__).parent.parent / "requirements.txt"
# What pip-audit's traceback names where nobody was reached. It ends with the same code as for a finding.
_UNREACHED = ("ConnectionError", "ConnectTimeout", "ProxyError", "Could not connect to")


def main() -> int:
    """Ask, say the verdict in the last line, and answer the exit code."""
    asked = _ask(os.environ)
    try:
        found: dict[str, Any] = json.loads(asked.stdout)
    except ValueError:
        return _not_answered(asked.stderr)
    vulnerable = [one for one in found["dependencies"] if one.get("vulns")]
    for package in vulnerable:
        _say(_told(package))
    _say(f"audit: {len(vulnerable)} of {len(found['dependencies'])} packages have a known vulnerability")
    return FAILED if vulnerable else DONE


def _ask(environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    # The file pins everything by its hash: nothing has to be resolved, so pip and its index are not asked.
    what = ("--requirement", str(PINNED), "--disable-pip", "--format", "json", "--progress-spinner", "off")
    service = ("--vulnerability-service", "osv", *_other_service(environ))
    command = (sys.executable, "-m", "pip_audit", *what, *service)
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 our own words


def _other_service(environ: Mapping[str, str]) -> tuple[str, ...]:
    url = environ.get("OSV_URL", "").strip()
    return ("--osv-url", url) if url else ()


def _not_answered(problem: str) -> int:
    if any(sign in problem for sign in _UNREACHED):
        _say("audit: not audited: advisories cannot be reached")
        return DONE
    sys.stderr.write(problem)
    _say("audit: failed, see above")
    return FAILED


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _told(package: Mapping[str, Any]) -> str:
    known = ", ".join(
        f"{one['id']} (fixed in {', '.join(one['fix_versions']) or 'no version yet'})"
        for one in package["vulns"]
    )
    return f"{package['name']} {package['version']}: {known}"


if __name__ == "__main__":
    leave_after(main, "audit", {})
