"""A bar chart of one setting, as SVG written by hand."""

import report

COLOURS = {
    "keel": "#d1495b",
    "onnxruntime": "#30638e",
    "openvino": "#5b8fb9",
    "mnn": "#7a9e7e",
    "ncnn": "#b7b07a",
    "tract": "#a0a0a0",
}
LEFT, WIDTH, BAR, GAP, TOP, LIMIT = 150, 560, 9, 10, 64, 3.0


def element(name, body="", **attributes):
    text = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f"<{name}{text}>{body}</{name}>" if body else f"<{name}{text}/>"


def bars(row, names, y):
    """The bars of one model: each engine's time as a multiple of Keel's."""
    parts = []
    base = row["engines"]["keel"]["ms"]
    for i, name in enumerate(names):
        engine, top = row["engines"].get(name, {}), y + i * BAR
        if "ms" not in engine:
            continue
        ratio = engine["ms"] / base
        length = min(ratio, LIMIT) / LIMIT * WIDTH
        parts.append(element("rect", x=LEFT, y=top, width=f"{length:.1f}", height=BAR - 1,
                             fill=COLOURS[name]))
        mark = f"{ratio:.2f}" if ratio <= LIMIT else f"{ratio:.1f} →"
        parts.append(element("text", mark, x=f"{LEFT + length + 4:.1f}", y=top + BAR - 1.5,
                             font_size=8.5, fill="#777"))
    label = element("text", row["model"], x=LEFT - 8, y=y + len(names) * BAR / 2 + 4,
                    font_size=12, text_anchor="end", fill="#777")
    return [*parts, label]


def legend(names):
    parts, x = [], LEFT
    for name in names:
        parts.append(element("rect", x=x, y=38, width=10, height=10, fill=COLOURS[name]))
        parts.append(element("text", report.title(name), x=x + 14, y=47, font_size=11, fill="#777"))
        x += 30 + 7 * len(report.title(name))
    return parts


def svg(result):
    """Times relative to Keel's, of the first setting measured; readable on light and dark pages."""
    batch, threads = report.settings(result)[0]
    rows = [r for r in report.points(result, batch, threads) if "ms" in r["engines"]["keel"]]
    names = [n for n in result["engines"] if any("ms" in r["engines"].get(n, {}) for r in rows)]
    step = len(names) * BAR + GAP
    height = TOP + len(rows) * step + 8
    setting = report.setting(batch, threads)
    title = f"Time of a run relative to Keel's, {setting} (shorter is faster)"
    parts = [element("text", title, x=LEFT, y=22, font_size=14, fill="#777"), *legend(names)]
    for i, row in enumerate(rows):
        parts += bars(row, names, TOP + i * step)
    one = LEFT + WIDTH / LIMIT
    parts.append(element("line", x1=one, x2=one, y1=TOP - 6, y2=height - 8, stroke="#d1495b",
                         stroke_dasharray="3 3"))
    width = LEFT + WIDTH + 60
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )
