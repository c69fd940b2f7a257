"""A PostgreSQL server for the tests, from the binaries in the ``pgserver`` package.

Only its binaries: importing the package warns without XDG_RUNTIME_DIR, and as root it adds a system user and
opens every directory above to all users.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import make_url

_NOBODY = 65534
# A test's data may be lost with the machine.
_FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=50"


class PostgresServer:
    """One server on a socket of its own, so that it never meets another one's port."""

    def __init__(self, home: Path) -> None:
        self._home, self._data = home, home / "data"
        self._binaries = _binaries_for(home)
        # PostgreSQL refuses to run as root.
        self._user = _NOBODY if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(home, self._user, -1)

    def start(self) -> None:
        if not self._data.exists():
            self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {self._home} -c listen_addresses='' {_FAST}"
        self._run("pg_ctl", "-D", self._data, "-l", self._home / "log", "-o", options, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-m", "fast", "-w", "stop")

    def run_script(self, script: Path, **environ: str) -> None:
        """Run a script that calls psql, as the image of the deployment does when it starts."""
        path = os.pathsep.join([str(self._binaries), os.environ["PATH"]])
        subprocess.run(["sh", script], check=True, env={"PATH": path, "PGHOST": str(self._home), **environ})

    def ask_for_passwords(self) -> None:
        """Believe nobody but ``postgres`` without one from now on."""
        rules = "local all postgres trust\nlocal all all scram-sha-256\n"
        (self._data / "pg_hba.conf").write_text(rules)
        self._run("pg_ctl", "-D", self._data, "reload")

    def reached_by(self, url: str) -> str:
        """A URL of the deployment, of the same role and database on this server."""
        return make_url(url).set(host=None, query={"host": str(self._home)}).render_as_string(False)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres:open-sesame@/{database}?host={self._home}"

    def _run(self, program: str, *arguments: str | Path) -> None:
        # A file rather than a pipe: the server inherits it, and a pipe would stay open as long as it runs.
        with (self._home / f"{program}.out").open("ab") as output:
            subprocess.run(
                [self._binaries / program, *arguments],
                user=self._user,
                cwd=self._home,
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
                timeout=60,
            )


@contextmanager
def a_postgres_server() -> Iterator[PostgresServer]:
    """A running server in a directory of its own, both gone afterwards."""
    # Directly under /tmp: the path of a socket may have a hundred characters at most.
    home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    server = PostgresServer(home)
    try:
        server.start()
        yield server
    finally:
        if (home / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(home)


def _binaries_for(home: Path) -> Path:
    package = find_spec("pgserver")
    assert package is not None, "pgserver is not installed: make sure of the dev dependencies"
    assert package.origin is not None
    packages = Path(package.origin).parent.parent
    if os.geteuid() == 0:
        # The user we run it as may have no way into root's own directories. Its libraries lie beside it.
        for part in ("pgserver/pginstall", "pgserver.libs"):
            if (packages / part).exists():
                shutil.copytree(packages / part, home / part, symlinks=True)
        packages = home
    return packages / "pgserver/pginstall/bin"
