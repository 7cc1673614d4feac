#include "tests/bench/networks.h"

namespace keel::bench {
namespace {

using simd::Activation;
using simd::ActivationKind;
using simd::ConvShape;

const Activation kNone = {}, kRelu = {ActivationKind::Relu},
                 kRelu6 = {ActivationKind::Clip, 0.0f, 6.0f},
                 kHardSwish = {ActivationKind::HardSwish}, kSilu = {ActivationKind::Swish, 1.0f};

// Collects layers; `side` and `c` follow the tensor from layer to layer.
struct Builder {
  Network network;
  std::int64_t c = 3, side = 224;

  void conv(std::int64_t k, std::int64_t kernel, std::int64_t stride, const Activation& f,
            bool residual = false, std::int64_t group = 1, std::int64_t pad = -1) {
    ConvShape s;
    s.c = c, s.k = k, s.group = group;
    s.bias = true;
    s.residual = residual;
    s.activation = f;
    for (int a = 0; a < 2; a++) {
      s.in[a] = side, s.kernel[a] = kernel, s.stride[a] = stride;
      s.pad[a] = pad < 0 ? kernel / 2 : pad;
      s.out[a] = (side + 2 * s.pad[a] - kernel) / stride + 1;
    }
    s.plain_input = network.layers.empty() && simd::takes_plain_input(s);
    network.layers.push_back(s);
    c = k;
    side = s.out[0];
  }
  void depthwise(std::int64_t kernel, std::int64_t stride, const Activation& f) {
    conv(c, kernel, stride, f, false, c);
  }
};

Network resnet50() {
  Builder b = {{"resnet50", {}}};
  b.conv(64, 7, 2, kRelu);
  b.side = 56;
  const struct {
    std::int64_t width, blocks, stride;
  } stages[] = {{64, 3, 1}, {128, 4, 2}, {256, 6, 2}, {512, 3, 2}};
  for (const auto& stage : stages) {
    for (std::int64_t i = 0; i < stage.blocks; i++) {
      const std::int64_t stride = i == 0 ? stage.stride : 1, side = b.side, c = b.c;
      if (i == 0) {
        b.conv(4 * stage.width, 1, stride, kNone);
        b.side = side, b.c = c;
      }
      b.conv(stage.width, 1, 1, kRelu);
      b.conv(stage.width, 3, stride, kRelu);
      b.conv(4 * stage.width, 1, 1, kRelu, true);
    }
  }
  return b.network;
}

Network resnet18() {
  Builder b = {{"resnet18", {}}};
  b.conv(64, 7, 2, kRelu);
  b.side = 56;
  for (std::int64_t width : {64, 128, 256, 512}) {
    for (int i = 0; i < 2; i++) {
      const std::int64_t stride = i == 0 && width > 64 ? 2 : 1, side = b.side, c = b.c;
      if (stride == 2) {
        b.conv(width, 1, 2, kNone);
        b.side = side, b.c = c;
      }
      b.conv(width, 3, stride, kRelu);
      b.conv(width, 3, 1, kRelu, true);
    }
  }
  return b.network;
}

struct InvertedResidual {
  std::int64_t kernel, expanded, out, stride;
  Activation activation;
};

void inverted_residual(Builder* b, const InvertedResidual& r) {
  const bool residual = r.stride == 1 && b->c == r.out;
  if (r.expanded != b->c) b->conv(r.expanded, 1, 1, r.activation);
  b->depthwise(r.kernel, r.stride, r.activation);
  b->conv(r.out, 1, 1, kNone, residual);
}

Network mobilenet_v2() {
  Builder b = {{"mobilenet_v2", {}}};
  b.conv(32, 3, 2, kRelu6);
  const std::int64_t rows[][4] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                                  {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  for (const auto& r : rows) {
    for (std::int64_t i = 0; i < r[2]; i++) {
      inverted_residual(&b, {3, b.c * r[0], r[1], i == 0 ? r[3] : 1, kRelu6});
    }
  }
  b.conv(1280, 1, 1, kRelu6);
  return b.network;
}

Network mobilenet_v3_large() {
  Builder b = {{"mobilenet_v3_large", {}}};
  b.conv(16, 3, 2, kHardSwish);
  const InvertedResidual rows[] = {
      {3, 16, 16, 1, kRelu},        {3, 64, 24, 2, kRelu},        {3, 72, 24, 1, kRelu},
      {5, 72, 40, 2, kRelu},        {5, 120, 40, 1, kRelu},       {5, 120, 40, 1, kRelu},
      {3, 240, 80, 2, kHardSwish},  {3, 200, 80, 1, kHardSwish},  {3, 184, 80, 1, kHardSwish},
      {3, 184, 80, 1, kHardSwish},  {3, 480, 112, 1, kHardSwish}, {3, 672, 112, 1, kHardSwish},
      {5, 672, 160, 2, kHardSwish}, {5, 960, 160, 1, kHardSwish}, {5, 960, 160, 1, kHardSwish}};
  for (const InvertedResidual& r : rows) inverted_residual(&b, r);
  b.conv(960, 1, 1, kHardSwish);
  return b.network;
}

Network efficientnet_b0() {
  Builder b = {{"efficientnet_b0", {}}};
  b.conv(32, 3, 2, kSilu);
  const std::int64_t rows[][5] = {{1, 3, 1, 16, 1}, {6, 3, 2, 24, 2},  {6, 5, 2, 40, 2},
                                  {6, 3, 2, 80, 3}, {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4},
                                  {6, 3, 1, 320, 1}};
  for (const auto& r : rows) {
    for (std::int64_t i = 0; i < r[4]; i++) {
      inverted_residual(&b, {r[1], b.c * r[0], r[3], i == 0 ? r[2] : 1, kSilu});
    }
  }
  b.conv(1280, 1, 1, kSilu);
  return b.network;
}

Network densenet121() {
  Builder b = {{"densenet121", {}}};
  b.conv(64, 7, 2, kRelu);
  b.side = 56;
  std::int64_t channels = 64;
  for (std::int64_t layers : {6, 12, 24, 16}) {
    for (std::int64_t i = 0; i < layers; i++) {
      b.c = channels;
      b.conv(128, 1, 1, kRelu);
      b.conv(32, 3, 1, kNone);
      channels += 32;
    }
    if (layers == 16) break;
    b.c = channels;
    b.conv(channels / 2, 1, 1, kNone);
    channels /= 2;
    b.side /= 2;
  }
  return b.network;
}

Network squeezenet1_1() {
  Builder b = {{"squeezenet1_1", {}}};
  b.conv(64, 3, 2, kRelu, false, 1, 0);
  b.side = 55;
  const std::int64_t rows[][2] = {{16, 64},  {16, 64},  {32, 128}, {32, 128},
                                  {48, 192}, {48, 192}, {64, 256}, {64, 256}};
  std::int64_t i = 0;
  for (const auto& r : rows) {
    if (i == 2) b.side = 27;
    if (i == 4) b.side = 13;
    b.conv(r[0], 1, 1, kRelu);
    b.conv(r[1], 1, 1, kRelu);
    b.c = r[0];
    b.conv(r[1], 3, 1, kRelu);
    b.c = 2 * r[1];
    i++;
  }
  b.conv(1000, 1, 1, kRelu);
  return b.network;
}

Network vgg16() {
  Builder b = {{"vgg16", {}}};
  const std::int64_t rows[][2] = {{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}};
  for (const auto& r : rows) {
    for (std::int64_t i = 0; i < r[1]; i++) b.conv(r[0], 3, 1, kRelu);
    b.side /= 2;
  }
  return b.network;
}

}  // namespace

std::vector<Network> networks() {
  return {resnet50(),        resnet18(),    mobilenet_v2(),  mobilenet_v3_large(),
          efficientnet_b0(), densenet121(), squeezenet1_1(), vgg16()};
}

}  // namespace keel::bench
