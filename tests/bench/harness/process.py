"""Processes that are timed: wall and processor seconds and peak memory of each, or Failed."""
import os
import shlex
import subprocess
import time
from dataclasses import dataclass
from tempfile import TemporaryFile


class Failed(Exception):
    """A process, or a proof, that did not end as it had to."""


@dataclass
class Timed:
    seconds: float
    cpu_seconds: float  # user and system
    peak_mib: float  # what the child had of this process before it became its own program counts too
    output: str


def run(command, sink=None):
    """Runs `command`; its standard output goes to the file `sink`, or comes back."""
    command = [str(word) for word in command]
    with open(sink, "wb") if sink else TemporaryFile() as out, TemporaryFile() as errors:
        start = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        output = "" if sink else _all_of(out)
        if child.returncode != 0:
            said = (_all_of(errors) or output).strip()[-500:]
            raise Failed(f"status {child.returncode} of {shlex.join(command)[:300]}: {said}")
    return Timed(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def _all_of(file):
    file.seek(0)
    return file.read().decode(errors="replace")
