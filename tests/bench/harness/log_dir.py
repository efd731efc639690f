"""Log directories that are measured: made once a work, copied once a run."""
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from .process import run


class LogDir:
    def __init__(self, root):
        self.root = Path(root)

    def partitions(self):
        return sorted(file.parent for file in self.root.glob("*/partition.metadata"))

    def logs(self, partition=None):
        return sorted((partition or self.root).rglob("*.log"))

    def log_bytes(self):
        return sum(log.stat().st_size for log in self.logs())

    def segment_bytes(self):
        """What segment.bytes was when it was written: no segment is larger."""
        return max(log.stat().st_size for log in self.logs())

    def first_dirty(self, partition):
        """What cleaner-offset-checkpoint says of it."""
        name, number = partition.name.rsplit("-", 1)
        text = (self.root / "cleaner-offset-checkpoint").read_text()
        found = re.search(rf"^{re.escape(name)} {number} (\d+)$", text, re.MULTILINE)
        return int(found.group(1)) if found else 0

    @contextmanager
    def copy(self, work_dir):
        """A fresh copy, on the disk and in the page cache, that goes afterwards."""
        base = Path(tempfile.mkdtemp(dir=work_dir))
        try:
            # By other processes: what this one needs at its peak, its children seem to need.
            run(["cp", "-r", self.root, base / "logs"])
            os.sync()
            copied = LogDir(base / "logs")
            run(["cat", *copied.logs()], os.devnull)
            yield copied
        finally:
            shutil.rmtree(base)
