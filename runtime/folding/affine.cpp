#include "runtime/folding/affine.h"

#include <algorithm>
#include <cmath>

namespace keel::folding {

bool Affine::scales() const {
  return std::any_of(s.begin(), s.end(), [](double value) { return value != 1; });
}

bool Affine::shifts() const {
  return std::any_of(t.begin(), t.end(), [](double value) { return value != 0; });
}

bool Affine::positive() const {
  return std::all_of(s.begin(), s.end(), [](double value) { return value > 0; });
}

double Affine::max_scale() const {
  double largest = 0;
  for (double value : s) largest = std::max(largest, std::abs(value));
  return largest;
}

Affine Affine::scale_only() const {
  Affine map = *this;
  std::fill(map.t.begin(), map.t.end(), 0.0);
  return map;
}

Affine Affine::shift_only() const {
  Affine map = *this;
  std::fill(map.s.begin(), map.s.end(), 1.0);
  return map;
}

bool composable(const Affine& first, const Affine& second) {
  return first.uniform() || second.uniform() ||
         (first.axis == second.axis && first.channels() == second.channels());
}

// s2 (s1 x + t1) + t2
Affine compose(const Affine& first, const Affine& second) {
  const Affine& wide = first.uniform() ? second : first;
  Affine map = wide;
  for (std::size_t c = 0; c < map.channels(); ++c) {
    const std::size_t i = first.uniform() ? 0 : c, k = second.uniform() ? 0 : c;
    map.s[c] = second.s[k] * first.s[i];
    map.t[c] = second.s[k] * first.t[i] + second.t[k];
  }
  return map;
}

std::optional<Affine> along(const Affine& map, std::int64_t axis, std::size_t channels) {
  if (map.uniform()) return gather(map, axis, std::vector<std::size_t>(channels, 0));
  if (map.axis != axis || map.channels() != channels) return std::nullopt;
  return map;
}

Affine gather(const Affine& map, std::int64_t axis, const std::vector<std::size_t>& index) {
  Affine result{axis, {}, {}};
  for (std::size_t i : index) {
    result.s.push_back(map.s[i]);
    result.t.push_back(map.t[i]);
  }
  return result;
}

}  // namespace keel::folding
