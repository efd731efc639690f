"""What is measured. A work is a workload and something done to it; it yields rows of the table."""
import filecmp
import json
import os
from dataclasses import asdict, dataclass, field

from . import kafka
from .log_dir import LogDir
from .process import Failed, run

DEFAULT_SEGMENT_BYTES = 1 << 30  # segment.bytes of a topic that does not set it
WARM_UP_COPIES = 3
WARM_UP_SCALE = 0.1  # of the workload
CODECS = ["lz4", "zstd", "snappy", "gzip"]
PRESETS = ["uniform-1m", "distinct", "zipf", "hot", *CODECS, "tiny-batches", "big-values", "consumer-offsets-like",
           "mostly-clean", "clean-tail", "transactions"]

# How many times as fast as Kafka.
AIMS = {f"compact/{preset}": aim
        for presets, aim in (("uniform-1m zipf hot transactions", 15), ("consumer-offsets-like", 20), ("tiny-batches", 12),
                             ("lz4 snappy gzip", 8), ("zstd", 7))
        for preset in presets.split()}
AIMS |= {"compact-segments-stay/distinct": 20, "compact-segments-stay/clean-tail": 10, "compact-j2/many-partitions": 25}
AIMS |= {f"{kind}/{preset} {form}": aim
         for preset, aim in (("uniform-1m", 60), ("lz4", 30), ("zstd", 20), ("snappy", 20), ("gzip", 20))
         for kind in ("dump", "dump-to-file")
         for form in ("text", "json")}

# How many times the floor's time, where nothing but the machine is to be beaten.
FLOOR_AIMS = {"compact/distinct": 1.3, "compact/mostly-clean": 1.3, "compact/big-values": 1.3, "verify/uniform-1m": 1.5}

# What must be written whatever happens: reading the input is no part of these floors.
WRITTEN_WHOLE = ["distinct", "mostly-clean"]


@dataclass
class Row:
    work: str
    bytes: int = 0  # of the input's `.log` files
    kseg_s: list = field(default_factory=list)
    kseg_cpu_s: list = field(default_factory=list)
    kafka_s: list = field(default_factory=list)
    floor_s: list = field(default_factory=list)
    peak_mib: float = None  # the largest of the runs
    kafka_peak_mib: float = None
    proved: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    failed: list = field(default_factory=list)

    def add(self, timed):
        self.kseg_s.append(timed.seconds)
        self.kseg_cpu_s.append(timed.cpu_seconds)
        self.peak_mib = max(self.peak_mib or 0, timed.peak_mib)

    def data(self):
        return asdict(self) | {"aim": AIMS.get(self.work), "floor_aim": FLOOR_AIMS.get(self.work)}


@dataclass
class Bench:
    """Where the programs are and where there is space."""
    bin: object
    work_dir: object
    classes: str  # None without Kafka
    scale: float
    runs: int

    @property
    def kseg(self):
        return self.bin / "kseg"

    def workload(self, preset, name, scale):
        run([self.bin / "tests/bench/kseg_workload", preset, self.work_dir / name, "--scale", f"{scale:f}"])
        return LogDir(self.work_dir / name)

    def reading_floor(self, preset, logs):
        program = self.bin / "tests/bench/kseg_decompress" if preset in CODECS else "cat"
        return run([program, *logs], os.devnull).seconds


class Work:
    def __init__(self, kind, preset):
        self.preset = preset
        self.name = f"{kind}/{preset}"
        self.scale = 1  # of the run's

    def measure(self, bench):
        """The rows. What goes wrong stands in them, and ends the work."""
        rows = self.rows()
        try:
            source = bench.workload(self.preset, "source", bench.scale * self.scale)
            for row in rows:
                row.bytes = source.log_bytes()
            self.run_on(source, bench, rows)
        except Failed as failure:
            for row in rows:
                row.failed.append(str(failure))
        return rows

    def rows(self):
        return [Row(self.name)]

    def run_on(self, source, bench, rows):
        raise NotImplementedError


class Compact(Work):
    """In place, a log directory against Kafka's cleaner, with `segment.bytes` as a broker has it or as it was."""

    def __init__(self, preset, kind="compact", segments_stay=False, jobs=None):
        super().__init__(kind, preset)
        self.segments_stay = segments_stay
        self.jobs = jobs

    def run_on(self, source, bench, rows):
        row, = rows
        segment_bytes = source.segment_bytes() if self.segments_stay else DEFAULT_SEGMENT_BYTES
        if bench.classes:
            self._beside_kafka(bench, source, segment_bytes, row)
            return
        for i in range(bench.runs):
            with source.copy(bench.work_dir) as ours:
                self._kseg(bench, source, ours, segment_bytes, row, i)

    def _beside_kafka(self, bench, source, segment_bytes, row):
        with kafka.Cleaner(bench.classes) as cleaner:
            small = bench.workload(self.preset, "warm-up", bench.scale * WARM_UP_SCALE)
            for _ in range(WARM_UP_COPIES):
                with small.copy(bench.work_dir) as copy:
                    cleaner.clean(copy, segment_bytes)
            for i in range(bench.runs):
                with source.copy(bench.work_dir) as theirs:
                    row.kafka_s.append(cleaner.clean(theirs, segment_bytes))
                    with cleaner.stopped(), source.copy(bench.work_dir) as ours:
                        self._kseg(bench, source, ours, segment_bytes, row, i)
                        if i == 0:
                            run([bench.kseg, "diff", "--control", theirs.root, ours.root])
                            row.proved.append("as Kafka's")
            row.kafka_peak_mib = cleaner.peak_mib()

    def _kseg(self, bench, source, ours, segment_bytes, row, i):
        command = [bench.kseg, "compact", "--all", "--json", "--config", "cleanup.policy=compact", "--config",
                   f"segment.bytes={segment_bytes}", ours.root]
        if self.jobs:
            command[2:2] = ["-j", self.jobs]
        timed = run(command)
        summary = json.loads(timed.output.splitlines()[-1])
        if summary["compacted"] != len(source.partitions()):
            raise Failed(f"kseg compacted {summary['compacted']} of {len(source.partitions())} partitions")
        row.add(timed)
        row.floor_s.append(self._floor(bench, source, ours))
        if i > 0:
            return
        row.notes.append(f"{summary['bytes_before']} bytes before, {summary['bytes_after']} after")
        for before, after in zip(source.partitions(), ours.partitions()):
            run([bench.kseg, "verify", "--one-round", "--against", before, after])
        row.proved.append("verified")

    def _floor(self, bench, source, ours):
        """Reading what there was and writing what is left; what stays as it is, is only read."""
        written_whole = self.preset in WRITTEN_WHOLE and not self.segments_stay
        reading = 0 if written_whole else bench.reading_floor(self.preset, source.logs())
        if self.segments_stay:
            return reading
        target = ours.root.parent / "floor"
        return reading + run(["sh", "-c", 'cp -r "$1" "$2" && find "$2" -type f -exec sync {} +', "sh", ours.root, target]).seconds


class Dump(Work):
    """All records of a partition: kseg's text and JSON, and Kafka's words, against Kafka's dump tool."""

    FORMS = ["text", "json", "kafka"]

    def __init__(self, preset, to_file):
        super().__init__("dump-to-file" if to_file else "dump", preset)
        self.to_file = to_file

    def rows(self):
        return [Row(f"{self.name} {form}") for form in self.FORMS]

    def run_on(self, source, bench, rows):
        for i in range(bench.runs):
            self._round(bench, source, dict(zip(self.FORMS, rows)), i)

    def _round(self, bench, source, rows, i):
        ours, theirs = (bench.work_dir / name if self.to_file else None for name in ("ours", "theirs"))
        partition = source.partitions()[0]
        logs = source.logs(partition)
        commands = {"text": ["dump", partition],
                    "json": ["dump", "--json", partition],
                    "kafka": ["dump", "--format", "kafka", "--print-data-log", "--files", ",".join(map(str, logs))]}
        reading = bench.reading_floor(self.preset, logs)
        tool = kafka.dump(bench.classes, logs, theirs) if bench.classes else None
        for form, row in rows.items():
            row.add(run([bench.kseg, *commands[form]], ours or os.devnull))
            row.floor_s.append(reading + (self._writing_floor(bench, ours) if ours else 0))
            if tool:
                row.kafka_s.append(tool.seconds)
                row.kafka_peak_mib = max(row.kafka_peak_mib or 0, tool.peak_mib)
            if tool and ours and form == "kafka" and i == 0:
                if not filecmp.cmp(ours, theirs, shallow=False):
                    raise Failed("not the bytes of Kafka's dump tool")
                row.proved.append("as Kafka's")

    @staticmethod
    def _writing_floor(bench, written):
        copy = bench.work_dir / "floor"
        seconds = run(["cp", written, copy]).seconds
        copy.unlink()
        return seconds


class Verify(Work):
    def __init__(self, preset):
        super().__init__("verify", preset)

    def run_on(self, source, bench, rows):
        row, = rows
        for _ in range(bench.runs):
            row.floor_s.append(bench.reading_floor(self.preset, source.logs()))
            row.add(run([bench.kseg, "verify", source.root]))


class KeySet(Work):
    """What the keys take that a compaction has in memory: 10 M of them at scale 1."""

    def __init__(self):
        super().__init__("key-set", "distinct")
        self.scale = 1.5

    def run_on(self, source, bench, rows):
        row, = rows
        partition = source.partitions()[0]
        for _ in range(bench.runs):
            row.floor_s.append(bench.reading_floor(self.preset, source.logs()))
            timed = run([bench.kseg, "compact", "-n", "--json", "--config", "cleanup.policy=compact", partition])
            row.add(timed)
        plan = next(line for line in map(json.loads, timed.output.splitlines()) if "distinct_keys" in line)
        row.notes.append(f"{plan['key_set_bytes'] / plan['distinct_keys']:.2f} bytes a key of {plan['distinct_keys']}")


class Start(Work):
    """A process that has nothing to do: what it takes to start one, and the least peak that can be told."""

    def __init__(self):
        super().__init__("start", "uniform-1m")
        self.scale = 0.001

    def run_on(self, source, bench, rows):
        row, = rows
        row.bytes = 0
        for _ in range(bench.runs):
            row.floor_s.append(run(["true"]).seconds)
            row.add(run([bench.kseg, "--version"]))


def all_works():
    works = [Start()]
    works += [Compact(preset) for preset in PRESETS]
    works += [Compact("many-partitions", f"compact-j{jobs}", jobs=jobs) for jobs in (1, 2)]
    works += [Compact(preset, "compact-segments-stay", segments_stay=True) for preset in ("distinct", "clean-tail")]
    works += [Dump(preset, to_file) for preset in ("uniform-1m", *CODECS) for to_file in (False, True)]
    works += [Verify(preset) for preset in ("uniform-1m", *CODECS)]
    works += [KeySet()]
    return works
