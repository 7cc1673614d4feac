// The convolutions of well-known networks at batch 1, in the order in which they run.
#pragma once

#include <string>
#include <vector>

#include "simd/conv.h"

namespace keel::bench {

struct Network {
  std::string name;
  std::vector<simd::ConvShape> layers;
};

// resnet50, resnet18, mobilenet_v2, mobilenet_v3_large, efficientnet_b0, densenet121,
// squeezenet1_1, vgg16; all at 224 x 224.
std::vector<Network> networks();

}  // namespace keel::bench
