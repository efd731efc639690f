"""Kafka's own code, fetched and compiled by tests/kafka/run."""
import os
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

from .process import Failed, run

SKIPPED = 77  # what tests/kafka/run ends with where there is no Java, no Maven or no network

# As Kafka's start scripts have it.
JVM = ["java", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
       "-XX:+ExplicitGCInvokesConcurrent", "-XX:MaxInlineLevel=15", "-Djava.awt.headless=true"]


def class_path(tree):
    asked = subprocess.run([tree / "tests/kafka/run", "printenv", "KSEG_KAFKA_CLASSPATH"], stdout=subprocess.PIPE, text=True)
    if asked.returncode != 0:
        raise SystemExit(asked.returncode)
    return asked.stdout.strip().splitlines()[-1]


class Cleaner:
    """One JVM that cleans log directories, with a broker's heap."""

    def __init__(self, classes):
        self.jvm = subprocess.Popen([*JVM, "-Xms1g", "-Xmx1g", "-cp", classes, "kseg.Bench"], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.jvm.stdin.close()
        self.jvm.stdout.close()
        self.jvm.wait()

    def clean(self, log_dir, segment_bytes):
        """Seconds inside the cleaner, of all partitions."""
        return sum(self._clean(partition, log_dir.first_dirty(partition), segment_bytes) for partition in log_dir.partitions())

    def _clean(self, partition, first_dirty, segment_bytes):
        try:
            self.jvm.stdin.write(f"{partition} first_dirty={first_dirty} segment_bytes={segment_bytes}\n")
            self.jvm.stdin.flush()
        except BrokenPipeError as error:
            raise Failed("the JVM of Kafka's cleaner is gone") from error
        words = self.jvm.stdout.readline().split()
        if words[:1] != ["cleaned"]:
            raise Failed(f"Kafka's cleaner: {' '.join(words) or 'the JVM is gone'}")
        return float(words[1])

    @contextmanager
    def stopped(self):
        """While others are measured: its compiler and collector go on for a while after the last answer."""
        self.jvm.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.jvm.send_signal(signal.SIGCONT)

    def peak_mib(self):
        status = Path(f"/proc/{self.jvm.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def dump(classes, logs, sink):
    """Kafka's dump tool, with the heap that its script gives it: the whole process."""
    files = ",".join(map(str, logs))
    return run([*JVM, "-Xmx256M", "-cp", classes, "org.apache.kafka.tools.DumpLogSegments", "--print-data-log", "--files", files],
               sink or os.devnull)
