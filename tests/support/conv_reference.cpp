#include "tests/support/conv_reference.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "simd/layout.h"
#include "simd/winograd.h"

namespace keel::simd::test {
namespace {

std::int64_t volume(const ConvExtents& e, int rank) {
  std::int64_t v = 1;
  for (int a = 0; a < rank; a++) v *= e[a];
  return v;
}

// The same shape with three axes, leading ones of size 1.
ConvShape three_axes(ConvShape s) {
  for (; s.rank < 3; s.rank++) {
    for (ConvExtents* e : {&s.in, &s.out, &s.kernel, &s.stride, &s.dilation, &s.pad}) {
      *e = {e == &s.pad ? 0 : 1, (*e)[0], (*e)[1]};
    }
  }
  return s;
}

double activate(double x, const Activation& f) {
  switch (f.kind) {
    case ActivationKind::None:
      return x;
    case ActivationKind::Relu:
      return x < 0 ? 0 : x;
    case ActivationKind::LeakyRelu:
      return x < 0 ? f.alpha * x : x;
    case ActivationKind::ThresholdedRelu:
      return x > f.alpha ? x : 0;
    case ActivationKind::Softsign:
      return x / (1 + std::fabs(x));
    case ActivationKind::Selu:
      return f.beta * (x < 0 ? f.alpha * std::expm1(x) : x);
    case ActivationKind::Celu:
      return x < 0 ? f.alpha * std::expm1(x / f.alpha) : x;
    case ActivationKind::Clip:
      return std::min(std::max<double>(x, f.alpha), double{f.beta});
    case ActivationKind::HardSigmoid:
      return std::min(std::max(f.alpha * x + f.beta, 0.0), 1.0);
    case ActivationKind::HardSwish:
      return x * std::min(std::max(x / 6 + 0.5, 0.0), 1.0);
    case ActivationKind::Sigmoid:
      return 1 / (1 + std::exp(-x));
    case ActivationKind::Swish:
      return x / (1 + std::exp(-f.alpha * x));
    case ActivationKind::Tanh:
      return std::tanh(x);
    case ActivationKind::Gelu:
      return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
    case ActivationKind::GeluTanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case ActivationKind::Elu:
      return x < 0 ? f.alpha * std::expm1(x) : x;
    case ActivationKind::Mish:
      return x * std::tanh(std::log1p(std::exp(x)));
    case ActivationKind::Softplus:
      return std::log1p(std::exp(x));
  }
  return NAN;
}

// Calls visit(c, m, i, o, k) for every product: channels in the whole tensors, positions and tap as
// linear indices.
template <typename Visit>
void for_each_product(const ConvShape& s, Visit visit) {
  const std::int64_t cg = s.c / s.group, kg = s.k / s.group;
  // The convolution that relates a small to a large side: small * stride + k * dilation - pad.
  const ConvExtents& small = s.transposed ? s.in : s.out;
  const ConvExtents& large = s.transposed ? s.out : s.in;
  const std::int64_t positions = volume(small, 3), taps = volume(s.kernel, 3);
  for (std::int64_t p = 0; p < positions; p++) {
    for (std::int64_t t = 0; t < taps; t++) {
      std::int64_t other = 0, rest_p = p, rest_t = t, pitch = 1;
      bool inside = true;
      for (int a = 2; a >= 0; a--) {
        const std::int64_t at =
            rest_p % small[a] * s.stride[a] + rest_t % s.kernel[a] * s.dilation[a] - s.pad[a];
        inside = inside && at >= 0 && at < large[a];
        other += at * pitch;
        pitch *= large[a];
        rest_p /= small[a];
        rest_t /= s.kernel[a];
      }
      if (!inside) continue;
      for (std::int64_t m = 0; m < s.k; m++) {
        for (std::int64_t c = m / kg * cg; c < (m / kg + 1) * cg; c++) {
          visit(c, m, s.transposed ? p : other, s.transposed ? other : p, t);
        }
      }
    }
  }
}

}  // namespace

std::string describe(const ConvShape& s) {
  std::ostringstream out;
  const auto list = [&](const char* name, const ConvExtents& e) {
    out << ' ' << name;
    for (int a = 0; a < s.rank; a++) out << (a ? 'x' : ' ') << e[a];
  };
  out << (s.transposed ? "transposed" : "conv") << (s.plain_input ? " plain" : "") << " n " << s.n
      << " c " << s.c << " k " << s.k << " group " << s.group;
  list("in", s.in), list("out", s.out), list("kernel", s.kernel), list("stride", s.stride);
  list("dilation", s.dilation), list("pad", s.pad);
  if (s.bias) out << " bias";
  if (s.residual) out << " residual";
  out << " act " << static_cast<int>(s.activation.kind);
  return out.str();
}

std::vector<double> conv_reference(const ConvShape& shape, const std::vector<float>& x,
                                   const std::vector<float>& W, const std::vector<float>& bias,
                                   const std::vector<float>& residual) {
  const ConvShape s = three_axes(shape);
  const std::int64_t in = volume(s.in, 3), out = volume(s.out, 3), taps = volume(s.kernel, 3);
  const std::int64_t cg = s.c / s.group, kg = s.k / s.group;
  std::vector<double> y(s.n * s.k * out);
  for (std::int64_t n = 0; n < s.n; n++) {
    double* image = &y[n * s.k * out];
    for (std::int64_t m = 0; m < s.k && s.bias; m++) {
      std::fill_n(image + m * out, out, static_cast<double>(bias[m]));
    }
    for_each_product(
        s, [&](std::int64_t c, std::int64_t m, std::int64_t i, std::int64_t o, std::int64_t t) {
          const std::int64_t w = s.transposed ? c * kg + m % kg : m * cg + c % cg;
          image[m * out + o] +=
              static_cast<double>(x[(n * s.c + c) * in + i]) * static_cast<double>(W[w * taps + t]);
        });
  }
  for (std::size_t i = 0; i < y.size(); i++) {
    y[i] = activate(y[i] + (s.residual ? static_cast<double>(residual[i]) : 0.0), s.activation);
  }
  return y;
}

ConvData conv_data(const ConvShape& s, bool integers) {
  const auto draw = [&](std::int64_t n) {
    Buffer b(n);
    integers ? b.fill_integers() : b.fill_random();
    return std::vector<float>(b.data(), b.data() + n);
  };
  const std::int64_t out = volume(s.out, s.rank);
  return {draw(s.n * s.c * volume(s.in, s.rank)),
          draw(s.c / s.group * s.k * volume(s.kernel, s.rank)),
          draw(s.k),
          draw(s.n * s.k * out),
          {}};
}

namespace {

// Plain [n][channels][spatial] into `blocked`, NaN in the lanes beyond `channels`.
void block(const std::vector<float>& plain, std::int64_t n, std::int64_t channels,
           std::int64_t spatial, const KernelTable& kernels, Buffer* blocked) {
  const std::int64_t padded = (channels + kBlock - 1) / kBlock * kBlock;
  for (std::int64_t i = 0; i < n; i++) {
    float* to = blocked->data() + i * padded * spatial;
    kernels.layout->to_blocked(&plain[i * channels * spatial], to, channels, spatial);
    for (std::int64_t c = channels; c < padded; c++) {
      for (std::int64_t s = 0; s < spatial; s++) {
        to[(c / kBlock * spatial + s) * kBlock + c % kBlock] = NAN;
      }
    }
  }
}

std::int64_t floats(std::size_t bytes) { return static_cast<std::int64_t>((bytes + 3) / 4); }

}  // namespace

std::vector<float> run_conv(const ConvShape& s, const ConvData& data, const KernelTable& kernels,
                            const ConvPlan& plan) {
  const std::int64_t in = volume(s.in, s.rank), out = volume(s.out, s.rank);
  const std::int64_t c = (s.c + 15) / 16 * 16, k = (s.k + 15) / 16 * 16;
  Buffer x(s.n * (s.plain_input ? s.c : c) * in), packed(plan.packed_floats), bias(k);
  Buffer residual(s.residual ? s.n * k * out : 0), y(s.n * k * out);
  Buffer mine(floats(plan.thread_scratch)), shared(floats(plan.shared_scratch));
  if (s.plain_input) {
    std::copy(data.x.begin(), data.x.end(), x.data());
  } else {
    block(data.x, s.n, s.c, in, kernels, &x);
  }
  if (s.residual) block(data.residual, s.n, s.k, out, kernels, &residual);
  bias.fill(0);
  std::copy(data.bias.begin(), data.bias.end(), bias.data());
  packed.fill(NAN), y.fill(NAN), shared.fill(NAN);
  pack_conv_weights(plan, data.W.data(), packed.data());
  const ConvArgs args = {x.data(), packed.data(), bias.data(),   residual.data(),
                         y.data(), mine.data(),   shared.data(), data.prologue};
  for (std::size_t phase = 0; phase < plan.phases.size(); phase++) {
    std::vector<std::int64_t> order(plan.phases[phase]);
    for (std::size_t i = 0; i < order.size(); i++) order[i] = static_cast<std::int64_t>(i);
    std::shuffle(order.begin(), order.end(), generator());
    for (std::int64_t chunk : order) {
      mine.fill(NAN);
      run_conv_chunk(plan, static_cast<int>(phase), chunk, args);
    }
  }
  x.check("x"), packed.check("packed"), bias.check("bias"), residual.check("residual");
  y.check("y"), mine.check("thread scratch"), shared.check("shared scratch");
  std::vector<float> plain(s.n * s.k * out);
  for (std::int64_t n = 0; n < s.n; n++) {
    kernels.layout->from_blocked(y.data() + n * k * out, &plain[n * s.k * out], s.k, out);
  }
  return plain;
}

namespace {

void check_exact(const ConvShape& s, ConvPrecision precision) {
  const ConvData data = conv_data(s, true);
  const auto r = conv_reference(s, data.x, data.W, data.bias, data.residual);
  for (const KernelTable* kernels : isas()) {
    for (int threads : {1, 2, 3, 8}) {
      const ConvPlan plan = plan_conv(s, *kernels, threads, precision);
      const std::string& name = plan.kernel;
      const std::vector<float> y = run_conv(s, data, *kernels, plan);
      for (std::size_t i = 0; i < y.size(); i++) {
        ASSERT_EQ(y[i], r[i]) << kernels->isa << ", " << threads << " threads: " << name << " at "
                              << i;
      }
    }
  }
}

// Patches of six are left to those with fused multiply-add.
std::string kernel_on(const KernelTable& kernels, const std::string& best) {
  if (kernels.winograd->fused) return best;
  if (best.rfind("winograd 3x3", 0) == 0) return "stem";
  return best.rfind("winograd 4x4", 0) == 0 ? "winograd 2x2" : best;
}

void check_close(const ConvShape& s, ConvPrecision precision, const std::string& kernel,
                 double tolerance) {
  const ConvData data = conv_data(s, false);
  const auto r = conv_reference(s, data.x, data.W, data.bias, data.residual);
  for (const KernelTable* kernels : isas()) {
    std::vector<float> first;
    for (int threads : {1, 2, 3, 8}) {
      SCOPED_TRACE(testing::Message() << kernels->isa << ", " << threads << " threads");
      const ConvPlan plan = plan_conv(s, *kernels, threads, precision);
      const std::string& name = plan.kernel;
      const std::vector<float> y = run_conv(s, data, *kernels, plan);
      const std::string wanted = kernel_on(*kernels, kernel);
      ASSERT_EQ(name.substr(0, wanted.size()), wanted);
      ASSERT_LE(nme(y.data(), r.data(), static_cast<std::int64_t>(y.size())), tolerance) << name;
      if (first.empty()) first = y;
      ASSERT_EQ(std::memcmp(first.data(), y.data(), y.size() * sizeof(float)), 0) << name;
    }
  }
}

}  // namespace

void check_conv(const ConvShape& s, ConvPrecision precision, const std::string& kernel,
                double tolerance) {
  SCOPED_TRACE(describe(s));
  const std::int64_t length = s.c / s.group * volume(s.kernel, s.rank) + 2;
  if (tolerance == 0) check_exact(s, precision);
  check_close(s, precision, kernel, tolerance != 0 ? tolerance : sum_tolerance(length));
}

}  // namespace keel::simd::test
