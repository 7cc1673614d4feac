#include "tools/profile_html.h"

#include <fmt/format.h>

namespace keel::tools {
namespace {

// Names come from the model: nothing in them may be taken for markup.
std::string escaped(const std::string& text) {
  std::string html;
  for (char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

constexpr const char* kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>keel profile</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; }
table { border-collapse: collapse; margin: 1em 0 2em; }
th, td { padding: 2px 10px; text-align: left; border-bottom: 1px solid #ddd; }
th { cursor: pointer; background: #f4f4f4; position: sticky; top: 0; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.bar { background: linear-gradient(to right, #bcd7f0 var(--share), transparent 0); }
td.note { color: #666; }
</style>
</head>
<body>
)";

// Numbers are compared by the attribute `data-v`, the rest as text.
constexpr const char* kScript = R"(<script>
for (const head of document.querySelectorAll("th")) head.onclick = () => {
  const table = head.closest("table"), body = table.tBodies[0], i = head.cellIndex;
  const down = head.dataset.down !== "1";
  for (const other of table.querySelectorAll("th")) delete other.dataset.down;
  head.dataset.down = down ? "1" : "0";
  const key = row => row.cells[i].dataset.v === undefined ? row.cells[i].textContent
                                                          : Number(row.cells[i].dataset.v);
  const rows = [...body.rows].sort((a, b) => {
    const x = key(a), y = key(b);
    return typeof x === "number" ? y - x : x.localeCompare(y);
  });
  body.append(...(down ? rows : rows.reverse()));
};
</script>
</body>
</html>
)";

std::string number_cell(double value, const std::string& text) {
  return fmt::format("<td class=\"n\" data-v=\"{}\">{}</td>", value, text);
}

std::string share_cell(double share) {
  return fmt::format("<td class=\"n bar\" style=\"--share:{:.2f}%\" data-v=\"{}\">{:.1f} %</td>",
                     100 * share, share, 100 * share);
}

std::string text_cell(const Json& text, const char* kind = "") {
  return fmt::format("<td{}>{}</td>", kind, escaped(text.get<std::string>()));
}

std::string operator_row(const Json& op) {
  return "<tr>" + text_cell(op["op"]) +
         number_cell(op["nodes"].get<int>(), std::to_string(op["nodes"].get<int>())) +
         number_cell(op["time_us"].get<double>(),
                     fmt::format("{:.1f}", op["time_us"].get<double>())) +
         share_cell(op["share"].get<double>()) + "</tr>\n";
}

std::string node_row(const Json& node) {
  const double us = node["time_us"].get<double>(), gflops = node["gflops_per_s"].get<double>();
  const double peak = node["peak_fraction"].get<double>();
  return "<tr>" + number_cell(node["step"].get<int>(), std::to_string(node["step"].get<int>())) +
         text_cell(node["op"]) + text_cell(node["name"]) +
         number_cell(us, fmt::format("{:.1f}", us)) + share_cell(node["share"].get<double>()) +
         number_cell(gflops, gflops > 0 ? fmt::format("{:.1f}", gflops) : "") +
         number_cell(peak, gflops > 0 ? fmt::format("{:.0f} %", 100 * peak) : "") +
         text_cell(node["kernel"]) + text_cell(node["note"], " class=\"note\"") + "</tr>\n";
}

std::string table(const std::string& headings, const std::string& rows) {
  return "<table>\n<thead><tr>" + headings + "</tr></thead>\n<tbody>\n" + rows +
         "</tbody>\n</table>\n";
}

}  // namespace

std::string html_of_profile(const Json& profile) {
  std::string html = kHead;
  html += "<h1>" + escaped(profile["model"].get<std::string>()) + "</h1>\n";
  html += fmt::format(
      "<p>{:.1f} µs a run, mean of {}: {:.1f} GFLOP/s of the {:.0f} that multiply-adds on "
      "registers "
      "reach. {} threads, {}, {}, {}.</p>\n",
      profile["total_us"].get<double>(), profile["runs"].get<int>(),
      profile["gflops_per_s"].get<double>(), profile["peak_gflops_per_s"].get<double>(),
      profile["threads"].get<int>(), escaped(profile["isa"].get<std::string>()),
      escaped(profile["precision"].get<std::string>()), escaped(profile["cpu"].get<std::string>()));
  std::string rows;
  for (const Json& op : profile["ops"]) rows += operator_row(op);
  html += table("<th>operator<th>nodes<th>µs<th>share", rows);
  rows.clear();
  for (const Json& node : profile["nodes"]) rows += node_row(node);
  html += table(
      "<th>step<th>operator<th>node<th>µs<th>share<th>GFLOP/s<th>of peak<th>kernel"
      "<th>why no faster kernel",
      rows);
  return html + kScript;
}

}  // namespace keel::tools
