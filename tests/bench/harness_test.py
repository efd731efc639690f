#!/usr/bin/env python3
"""harness_test.py BUILD: what scripts/bench does about results that are wrong, with programs that are.

BUILD is a build of the preset bench.
"""
import json
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(TREE / "tests/bench"))
from harness import table  # noqa: E402
from harness.process import Failed, run  # noqa: E402

BUILD = Path(sys.argv.pop(1)).resolve()
FLIP_A_BYTE = """
if [ "$1" = compact ]; then
  log=$(ls "${!#}"/*/*.log | head -n 1)
  printf 'x' | dd of="$log" bs=1 seek=100 conv=notrunc status=none
fi
"""


def row(**given):
    return {"work": "w/p", "bytes": 4_000_000, "kseg_s": [], "kseg_cpu_s": [], "kafka_s": [], "floor_s": [], "peak_mib": None, "kafka_peak_mib": None,
            "aim": None, "floor_aim": None, "proved": [], "notes": [], "failed": []} | given


class ProcessTest(unittest.TestCase):
    def test_a_status_other_than_0_is_a_failure_that_says_what_was_said(self):
        with self.assertRaisesRegex(Failed, "status 3 .*: no such luck"):
            run(["sh", "-c", "echo no such luck >&2; exit 3"])

    def test_a_signal_is_a_failure(self):
        with self.assertRaisesRegex(Failed, "status -9"):
            run(["sh", "-c", "kill -9 $$"])

    def test_output_and_time_come_back(self):
        timed = run(["sh", "-c", "sleep 0.05; echo done"])
        self.assertEqual(timed.output, "done\n")
        self.assertGreaterEqual(timed.seconds, 0.05)


class TableTest(unittest.TestCase):
    RESULT = {"machine": {"cores": 2}, "scale": 1, "runs": 3,
              "rows": [row(kseg_s=[2, 9, 1], kseg_cpu_s=[1, 1.5, 1.2], kafka_s=[20, 10, 90], floor_s=[1, 1, 1], peak_mib=30.2, aim=10, floor_aim=1.5, proved=["verified"],
                           notes=["half is left"]),
                       row(work="w/q", failed=["status 1"])]}

    def test_figures_are_medians_and_quotients_of_medians(self):
        self.assertIn("| w/p | 2.000 | 1.200 | 20.000 | 10.0 | 10 | 1.000 | 2.00 | 1.5 | 2 | 30 | – | verified |", table.markdown(self.RESULT))

    def test_a_failure_is_in_the_table_and_below_it(self):
        for shown in (table.markdown(self.RESULT), table.text(self.RESULT)):
            self.assertRegex(shown, r"w/q.*FAILED")
            self.assertIn("w/q: FAILED: status 1", shown)
            self.assertIn("w/p: half is left", shown)


class BenchTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.bin = Path(self.scratch.name) / "bin"
        self.bin.mkdir()
        (self.bin / "tests").symlink_to(BUILD / "tests")

    def bench(self, *arguments):
        return subprocess.run([TREE / "scripts/bench", "--bin", self.bin, "--without-kafka", "--scale", "0.001", "--runs", "2",
                               "--work", Path(self.scratch.name) / "work", *arguments], capture_output=True, text=True)

    def install(self, behind):
        """A kseg that does as the real one does, and then what `behind` says."""
        kseg = self.bin / "kseg"
        kseg.write_text(f'#!/bin/bash\n"{BUILD}/kseg" "$@" || exit\n{behind}')
        kseg.chmod(kseg.stat().st_mode | stat.S_IXUSR)

    def test_a_sound_result_is_verified_and_written_as_json(self):
        self.install("")
        file = Path(self.scratch.name) / "result.json"
        asked = self.bench("--only", "compact/hot", "--json", file)
        self.assertEqual(asked.returncode, 0, asked.stderr)
        self.assertRegex(asked.stdout, r"compact/hot .* verified\n")
        measured = json.loads(file.read_text())["rows"][0]
        self.assertEqual((len(measured["kseg_s"]), len(measured["floor_s"]), measured["failed"]), (2, 2, []))
        shown = subprocess.run([TREE / "scripts/bench", "--table", file], capture_output=True, text=True)
        self.assertIn("| compact/hot |", shown.stdout)

    def test_a_damaged_result_is_a_failure(self):
        self.install(FLIP_A_BYTE)
        asked = self.bench("--only", "compact/hot")
        self.assertEqual(asked.returncode, 1)
        self.assertRegex(asked.stdout, r"compact/hot .* FAILED\n")

    def test_a_workload_that_cannot_be_made_is_a_failure_and_the_others_go_on(self):
        (self.bin / "tests").unlink()
        workload = self.bin / "tests/bench/kseg_workload"
        workload.parent.mkdir(parents=True)
        workload.write_text(f'#!/bin/bash\n[ "$1" != hot ] || exit 3\n"{BUILD}/tests/bench/kseg_workload" "$@"')
        workload.chmod(workload.stat().st_mode | stat.S_IXUSR)
        self.install("")
        asked = self.bench("--only", "compact/hot,compact/zipf")
        self.assertEqual(asked.returncode, 1)
        self.assertRegex(asked.stdout, r"compact/zipf .* verified\ncompact/hot .* FAILED\n")

    def test_nothing_is_left_behind(self):
        self.install("")
        self.bench("--only", "compact/hot,dump-to-file/lz4")
        self.assertEqual(list((Path(self.scratch.name) / "work").iterdir()), [])

    def test_a_work_that_does_not_exist_is_refused(self):
        self.assertEqual(self.bench("--only", "compact/nothing").returncode, 2)


if __name__ == "__main__":
    unittest.main()
