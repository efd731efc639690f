"""The table of a run: from what is in its JSON, for a terminal or as Markdown."""
from statistics import median

COLUMNS = ["work", "kseg s", "CPU s", "Kafka s", "ratio", "aim", "floor s", "to floor", "at most", "MB/s", "peak MiB", "Kafka MiB", "proved"]


def _cells(row):
    kseg, cpu, kafka, floor = (median(row[side]) if row[side] else None for side in ("kseg_s", "kseg_cpu_s", "kafka_s", "floor_s"))

    def shown(value, form):
        return "–" if value is None else format(value, form)

    def quotient(above, below):
        return above / below if above is not None and below else None

    return [row["work"], shown(kseg, ".3f"), shown(cpu, ".3f"), shown(kafka, ".3f"), shown(quotient(kafka, kseg), ".1f"), shown(row["aim"], "g"),
            shown(floor, ".3f"), shown(quotient(kseg, floor), ".2f"), shown(row["floor_aim"], "g"), shown(quotient(row["bytes"] / 1e6, kseg), ".0f"),
            shown(row["peak_mib"], ".0f"), shown(row["kafka_peak_mib"], ".0f"),
            "FAILED" if row["failed"] else ", ".join(row["proved"]) or "–"]


def _notes(result):
    for row in result["rows"]:
        for text in row["notes"]:
            yield f"{row['work']}: {text}"
        for text in row["failed"]:
            yield f"{row['work']}: FAILED: {text}"


def _machine(result):
    facts = ", ".join(f"{name} {value}" for name, value in result["machine"].items())
    return f"{facts}; scale {result['scale']:g}, {result['runs']} runs"


def text(result):
    rows = [COLUMNS, *map(_cells, result["rows"])]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([*lines, *_notes(result)])


def _line(row, widths):
    numbers = [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1])]
    return "  ".join([row[0].ljust(widths[0]), *numbers, row[-1]])


def markdown(result):
    rows = [COLUMNS, ["---"] + ["--:"] * (len(COLUMNS) - 2) + ["---"], *map(_cells, result["rows"])]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    notes = [f"- {note}" for note in _notes(result)]
    return "\n".join([_machine(result), "", *lines, *([""] if notes else []), *notes])


def heading(result):
    return _machine(result)
