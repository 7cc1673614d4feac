// Affine maps per channel, y = s[c] * x + t[c], and the arithmetic of composing them, in double.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace keel::folding {

// Why something cannot be folded: a reason code, a sentence, and the node in the way. An empty
// code: it can.
struct Refusal {
  std::string code;
  std::string message;
  std::string blocker;
  explicit operator bool() const { return !code.empty(); }
};

// c is the coordinate along `axis` of the value that is mapped.
struct Affine {
  static constexpr std::int64_t kUniform = -1;  // one s and one t for all elements
  std::int64_t axis = kUniform;
  std::vector<double> s = {1}, t = {0};

  bool uniform() const { return axis == kUniform; }
  std::size_t channels() const { return s.size(); }
  bool scales() const;        // some s is not 1
  bool shifts() const;        // some t is not 0
  bool positive() const;      // every s > 0
  double max_scale() const;   // max |s|
  Affine scale_only() const;  // t = 0
  Affine shift_only() const;  // s = 1
};

// Two maps along one axis, or one of them uniform, as one: `second` after `first`.
bool composable(const Affine& first, const Affine& second);
Affine compose(const Affine& first, const Affine& second);

// The map with s and t for every channel, where it was uniform; nullopt where it runs along another
// axis or has another number of channels.
std::optional<Affine> along(const Affine& map, std::int64_t axis, std::size_t channels);

// s[index[i]], t[index[i]] as a map along `axis`.
Affine gather(const Affine& map, std::int64_t axis, const std::vector<std::size_t>& index);

}  // namespace keel::folding
