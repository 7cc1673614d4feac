#include "runtime/einsum_equation.h"

#include <algorithm>
#include <map>

#include "runtime/error.h"

namespace keel {
namespace {

constexpr int kEllipsis = -1;  // in a term: stands for any number of axes

// One term: letters, and kEllipsis for "...".
using Term = std::vector<int>;

[[noreturn]] void fail(const Node& node, const std::string& what) {
  node.fail_attribute("equation", what);
}

Term read_term(const Node& node, const std::string& text) {
  Term term;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      term.push_back(c);
    } else if (text.compare(i, 3, "...") == 0) {
      if (std::count(term.begin(), term.end(), kEllipsis) > 0)
        fail(node, "a second '...' in a term");
      term.push_back(kEllipsis);
      i += 2;
    } else {
      fail(node, "unexpected '" + printable(text.substr(i, 1)) + "'");
    }
  }
  return term;
}

struct Equation {
  std::vector<Term> operands;
  Term output;
};

// Without "->": the ellipsis, then the letters that occur once, in the order of their codes.
Term implicit_output(const std::vector<Term>& operands) {
  std::map<int, int> occurrences;
  for (const Term& term : operands)
    for (int letter : term) ++occurrences[letter];
  Term output;
  for (const auto& [letter, count] : occurrences)
    if (letter == kEllipsis || count == 1) output.push_back(letter);
  return output;
}

Equation read_equation(const Node& node) {
  std::string text = node.string_or("equation", "");
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  const std::size_t arrow = text.find("->");
  const std::string left = text.substr(0, arrow);
  Equation equation;
  for (std::size_t begin = 0;;) {
    const std::size_t end = left.find(',', begin);
    equation.operands.push_back(read_term(node, left.substr(begin, end - begin)));
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  equation.output = arrow == std::string::npos ? implicit_output(equation.operands)
                                               : read_term(node, text.substr(arrow + 2));
  for (int letter : equation.output) {
    if (std::count(equation.output.begin(), equation.output.end(), letter) > 1)
      fail(node, str("'", static_cast<char>(letter), "' occurs twice in the result"));
    const bool known = std::any_of(
        equation.operands.begin(), equation.operands.end(),
        [&](const Term& term) { return std::count(term.begin(), term.end(), letter) > 0; });
    if (!known && letter != kEllipsis)
      fail(node, str("'", static_cast<char>(letter), "' of the result is in no operand"));
  }
  return equation;
}

}  // namespace

EinsumLabels read_einsum(const Node& node, const std::vector<std::int64_t>& ranks) {
  const Equation equation = read_equation(node);
  if (equation.operands.size() != ranks.size())
    fail(node, str("expected ", ranks.size(), " operands, got ", equation.operands.size()));
  // Axes under the ellipsis of each operand; aligned at the right.
  std::vector<std::int64_t> hidden;
  std::int64_t most = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const Term& term = equation.operands[i];
    const bool any = std::count(term.begin(), term.end(), kEllipsis) > 0;
    const std::int64_t rest = ranks[i] - static_cast<std::int64_t>(term.size()) + (any ? 1 : 0);
    if (rest < 0 || (!any && rest > 0))
      node.fail(ErrorCode::BadInput, str("operand ", i, ": the equation names ", term.size() - any,
                                         " axes, the tensor has ", ranks[i]));
    hidden.push_back(rest);
    most = std::max(most, rest);
  }
  EinsumLabels result;
  std::map<int, int> label_of;  // letters, and -1 - k for the k-th axis (from the left) of "..."
  const auto label = [&](int key) {
    return label_of.emplace(key, static_cast<int>(label_of.size())).first->second;
  };
  const auto spread = [&](const Term& term, std::int64_t axes) {
    std::vector<int> labels;
    for (int letter : term) {
      if (letter != kEllipsis) labels.push_back(label(letter));
      for (std::int64_t k = most - axes; letter == kEllipsis && k < most; ++k)
        labels.push_back(label(static_cast<int>(-1 - k)));
    }
    return labels;
  };
  result.outputs = static_cast<int>(spread(equation.output, most).size());
  for (std::size_t i = 0; i < ranks.size(); ++i)
    result.operands.push_back(spread(equation.operands[i], hidden[i]));
  result.labels = static_cast<int>(label_of.size());
  return result;
}

}  // namespace keel
