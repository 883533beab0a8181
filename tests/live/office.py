"""A headless LibreOffice for tests; they skip with a reason where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from xlcollab.errors import UsageError
from xlcollab.live.calc_office import Office, load_uno

_START_SECONDS = 60


@contextmanager
def headless_office(extension: Path | None = None) -> Iterator[Office]:
    """A LibreOffice of its own, with a profile of its own and perhaps an extension, that ends with
    the block."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("needs LibreOffice Calc (Debian: libreoffice-calc)")
    try:
        load_uno()
    except UsageError as error:
        pytest.skip(str(error))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        address = f"pipe,name=xlcollab{Path(profile).name}"
        if extension is not None:
            _install(extension, Path(profile))
        process = subprocess.Popen(
            [
                program,
                "--headless",
                "--norestore",
                "--nologo",
                f"-env:UserInstallation=file://{profile}",
                f"--accept={address};urp;",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield _connected(address)
        finally:
            _end(process, address)


def _install(extension: Path, profile: Path) -> None:
    """Add it to the profile."""
    tool = shutil.which("unopkg")
    if tool is None:
        pytest.skip("needs unopkg, which comes with LibreOffice")
    copy = profile / extension.name
    shutil.copy(extension, copy)
    command = [tool, "add", f"-env:UserInstallation=file://{profile}", str(copy)]
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(profile)}
    done = subprocess.run(
        command, capture_output=True, text=True, env=surroundings, **_owner(profile)
    )
    assert done.returncode == 0, done.stderr


def _owner(profile: Path) -> dict[str, Any]:
    """Whom to run unopkg as: it refuses to work for root, which a container often knows alone."""
    if os.geteuid() != 0:
        return {}
    from pwd import getpwnam

    nobody = getpwnam("nobody")
    os.chown(profile, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _connected(address: str) -> Office:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            return Office(address)
        except UsageError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _end(process: subprocess.Popen[bytes], address: str) -> None:
    """Ask it to end: the process that was started is only its launcher."""
    try:
        Office(address).desktop.terminate()
    except Exception:  # the bridge breaks while it answers
        process.terminate()
    process.wait(30)
