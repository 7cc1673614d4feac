"""What was measured, as JSON, text and Markdown.

Times are milliseconds, medians over rounds of the medians of each round's runs. A ratio is Keel's
time through another's: below 1, Keel is faster.
"""

import json
import math
import statistics
import subprocess

import engines

SCHEMA = "keel.peers/1"
LOOSE_NME = 1e-4  # results that are further off than this are pointed out
TITLES = {"keel": "Keel"}


def title(name):
    return TITLES.get(name) or engines.get(name).TITLE


def header(args):
    """Everything that figures depend on besides the models."""
    machine = json.loads(
        subprocess.run([args.keel, "hw", "--format", "json"], capture_output=True, check=True).stdout
    )
    keel_version = subprocess.run(
        [args.keel, "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    peers = {name: engines.get(name) for name in args.engines}
    return {
        "schema": SCHEMA,
        "precision": args.precision,
        "machine": machine,
        "engines": {
            "keel": {"version": keel_version, "settings": ""},
            **{n: {"version": e.version(), "settings": e.SETTINGS} for n, e in peers.items()},
        },
        "points": [],
    }


def point(model, batch, threads, results):
    """One row: adds each engine's time and Keel's ratios."""
    for result in results.values():
        if "round_ms" in result:
            result["ms"] = statistics.median(result["round_ms"])
    row = {"model": model, "batch": batch, "threads": threads, "engines": results}
    peers = {n: r["ms"] for n, r in results.items() if n != "keel" and "ms" in r}
    if peers and "ms" in results["keel"]:
        best = min(peers, key=peers.get)
        by_round = [
            k / p for k, p in zip(results["keel"]["round_ms"], results[best]["round_ms"])
        ]
        row["best_peer"] = best
        row["ratio"] = results["keel"]["ms"] / peers[best]
        row["ratio_range"] = [min(by_round), max(by_round)]
    return row


def geometric_mean(values):
    return math.exp(statistics.fmean(math.log(value) for value in values))


def points(result, batch, threads):
    return [p for p in result["points"] if (p["batch"], p["threads"]) == (batch, threads)]


def settings(result):
    """The (batch, threads) that were measured, in order."""
    return list(dict.fromkeys((p["batch"], p["threads"]) for p in result["points"]))


def mean_ratio(rows, name):
    """(geometric mean of Keel's time through that of `name`, over how many models); name None: the
    best peer of each."""
    ratios = []
    for row in rows:
        peer = row.get("best_peer") if name is None else name
        if peer and "ms" in row["engines"][peer] and "ms" in row["engines"]["keel"]:
            ratios.append(row["engines"]["keel"]["ms"] / row["engines"][peer]["ms"])
    return (geometric_mean(ratios), len(ratios)) if ratios else (None, 0)


def heading(result):
    versions = ", ".join(f"{title(n)} {e['version']}" for n, e in result["engines"].items())
    return f"{machine_line(result)}\n{versions}; {result['precision']}"


def machine_line(result):
    machine = result["machine"]
    peak = next(isa for isa in machine["isa"] if isa.get("chosen"))
    dram = machine["bandwidth"][-1]
    return (
        f"{machine['cpu']}, {machine['threads']} threads usable; measured: "
        f"{peak['peaks'][0]['gflops_per_s']:.0f} GFLOP/s of multiply-adds a thread "
        f"({peak['name']}), "
        f"{dram['read_gb_per_s']:.0f} GB/s read from memory"
    )


def setting(batch, threads):
    return f"batch {batch}, {threads} thread{'s' if threads > 1 else ''}"


def table_head(result, batch, threads):
    names = "".join(f"{title(name):>14}" for name in result["engines"])
    return f"\n{setting(batch, threads)}, ms\n{'':20}{names}  ratio to the best peer"


def table_line(result, row):
    cells = ""
    for name in result["engines"]:
        engine = row["engines"].get(name, {})
        cells += f"{engine['ms']:14.2f}" if "ms" in engine else f"{'-':>14}"
    line = f"{row['model']:20}{cells}"
    if "ratio" in row:
        low, high = row["ratio_range"]
        line += f"  {row['ratio']:.2f} [{low:.2f}-{high:.2f}] {title(row['best_peer'])}"
    for name, engine in row["engines"].items():
        if "failed" in engine:
            line += f"\n{'':20}  {title(name)}: {engine['failed']}"
        elif engine.get("nme", 0) > LOOSE_NME:
            line += f"\n{'':20}  {title(name)}: results differ, NME {engine['nme']:.0e}"
    return line


def table_foot(result, batch, threads):
    rows = points(result, batch, threads)
    lines = []
    for name in [*list(result["engines"])[1:], None]:
        mean, count = mean_ratio(rows, name)
        if mean:
            who = title(name) if name else "the best peer of each model"
            lines.append(f"{mean:.2f} to {who} ({count})")
    return "geometric mean of Keel's ratio: " + ", ".join(lines)


def start_table(result, batch, threads):
    """Load + first run in ms, and the memory that both took; ratios to ONNX Runtime."""
    names = "".join(f"{title(name):>20}" for name in result["engines"])
    lines = [f"\n{setting(batch, threads)}: load + first run, ms (memory, MB)\n{'':20}{names}"]
    for row in points(result, batch, threads):
        cells = ""
        for name in result["engines"]:
            engine = row["engines"].get(name, {})
            cell = "-"
            if "load_ms" in engine:
                times = f"{engine['load_ms']:.0f} + {engine['first_run_ms']:.0f}"
                cell = f"{times} ({engine['memory_mb']:.0f})"
            cells += f"{cell:>20}"
        lines.append(f"{row['model']:20}{cells}{start_ratios(row)}")
    return "\n".join(lines)


def start_ratios(row):
    keel, other = row["engines"]["keel"], row["engines"].get("onnxruntime", {})
    if "load_ms" not in keel or "load_ms" not in other:
        return ""
    time = keel["first_answer_ms"] / other["first_answer_ms"]
    return f"  {time:.2f} ({keel['memory_mb'] / other['memory_mb']:.2f})"


def text(result):
    lines = [heading(result)]
    for batch, threads in settings(result):
        lines.append(table_head(result, batch, threads))
        lines += [table_line(result, row) for row in points(result, batch, threads)]
        lines.append(table_foot(result, batch, threads))
        lines.append(start_table(result, batch, threads))
    return "\n".join(lines)


def joined(results):
    """Several runs of the same engines as one; the machine is that of the first."""
    first = results[0]
    for other in results[1:]:
        same = all(first[key] == other[key] for key in ("schema", "precision", "engines"))
        if not same:
            raise SystemExit("compare_peers: runs of other versions or settings do not go together")
    return {**first, "points": [point for result in results for point in result["points"]]}


def markdown(result):
    lines = []
    for batch, threads in settings(result):
        rows = points(result, batch, threads)
        names = list(result["engines"])
        lines.append(f"{setting(batch, threads).capitalize()}, milliseconds:\n")
        lines.append("| model | " + " | ".join(map(title, names)) + " | Keel / best peer |")
        lines.append("| --- |" + " ---: |" * (len(names) + 1))
        lines += [markdown_row(row, names) for row in rows]
        means = [mean_ratio(rows, name) for name in [*names[1:], None]]
        cells = " | ".join(f"{mean:.2f}" if mean else "" for mean, _ in means)
        lines.append(f"| *Keel / peer, geometric mean* | | {cells} |\n")
        lines += markdown_starts(rows, names, batch, threads)
    return "\n".join(lines)


def markdown_starts(rows, names, batch, threads):
    what = "milliseconds from load to first answer (peak memory, MB)"
    lines = [f"{setting(batch, threads).capitalize()}, {what}:\n"]
    lines.append("| model | " + " | ".join(map(title, names)) + " |")
    lines.append("| --- |" + " ---: |" * len(names))
    for row in rows:
        starts = [row["engines"].get(name, {}) for name in names]
        cells = [
            f"{s['first_answer_ms']:.0f} ({s['memory_mb']:.0f})" if "memory_mb" in s else "–"
            for s in starts
        ]
        lines.append(f"| {row['model']} | {' | '.join(cells)} |")
    return [*lines, ""]


def markdown_row(row, names):
    cells = []
    times = {n: row["engines"][n]["ms"] for n in names if "ms" in row["engines"].get(n, {})}
    for name in names:
        cell = f"{times[name]:.2f}" if name in times else "–"
        cells.append(f"**{cell}**" if times and times.get(name) == min(times.values()) else cell)
    ratio = f"{row['ratio']:.2f}" if "ratio" in row else "–"
    return f"| {row['model']} | {' | '.join(cells)} | {ratio} |"
