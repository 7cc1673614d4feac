// What the border of a padded convolution lacks when a shift in front of it moves into its bias.
#pragma once

#include <vector>

#include "runtime/folding/weights.h"
#include "runtime/window.h"

namespace keel::folding {

// 1x1 with stride 1, without padding of any kind: each output position sees one input position.
bool is_pointwise(const Node& node, std::size_t spatial_rank);

struct Border {
  Window window;
  Shape in, out;            // spatial sizes; a dim < 0 is not known
  bool known = false;       // all of in and out are
  std::vector<bool> meets;  // by tap: it can meet padding
  const char* unknown_pads = nullptr;

  // Whether some tap that can meet padding adds to a feature: D [features][taps].
  bool touches(const std::vector<double>& D, std::size_t features) const;
  // Adds M[o, p] = sum over the taps k in range at p of D[o, k] behind the convolution: a constant
  // [1, features, out...]. PADDED_CONSUMER where sizes are not known or it would cost more than the
  // normalisation itself.
  Refusal add(Work& work, NodeId conv, const std::vector<double>& D, DataType type) const;
  // The same by keel.Border, as the residual of the convolution, for any sizes.
  Refusal add_for_running(Work& work, NodeId conv, const std::vector<double>& D,
                          DataType type) const;
};

Border border_of(const Graph& graph, const Node& conv, const Shape& W);

}  // namespace keel::folding
