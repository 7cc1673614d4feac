// The batch normalization kernels against the formula in double.
#include "simd/batchnorm.h"

#include "simd/kernel_table.h"
#include "tests/simd/kernel_test.h"

namespace keel::simd::test {
namespace {

enum class Form { Blocked, Plane, Channels };

struct Case {
  Form form;
  std::int64_t n;
  bool residual, in_place, cached;
  ActivationKind kind;
};

constexpr std::int64_t kRows = 6;  // of the form Channels

// The channel of element i.
std::int64_t channel_of(Form form, std::int64_t i, std::int64_t n) {
  return form == Form::Blocked ? i % 16 : form == Form::Plane ? 0 : i % n;
}

void check(const KernelTable& table, const Case& c) {
  SCOPED_TRACE(testing::Message() << table.isa << " form " << static_cast<int>(c.form) << " n "
                                  << c.n << " residual " << c.residual << " in place " << c.in_place
                                  << " cached " << c.cached << " kind "
                                  << static_cast<int>(c.kind));
  const std::int64_t size = c.n * (c.form == Form::Blocked    ? 16
                                   : c.form == Form::Channels ? kRows
                                                              : 1);
  const std::int64_t channels = c.form == Form::Blocked ? 16 : c.form == Form::Plane ? 1 : c.n;
  Buffer x(size, 1), residual(size, 2), y(size, 3);
  Buffer mean(channels, 1), s(channels, 2), b(channels, 3);
  for (Buffer* buffer : {&x, &residual, &mean, &s, &b}) buffer->fill_random(-2, 2);
  Buffer affine((channels + 15) / 16 * 48, 1);
  affine.fill(0);
  for (std::int64_t k = 0; k < channels; k++) {
    const std::int64_t at = k / 16 * 48 + k % 16;
    affine[at] = mean[k], affine[at + 16] = s[k], affine[at + 32] = b[k];
  }
  const Activation activation{c.kind, 0.1f, 0.5f};
  std::vector<double> want;
  for (std::int64_t i = 0; i < size; i++) {
    const std::int64_t k = channel_of(c.form, i, c.n);
    double v = (static_cast<double>(x[i]) - mean[k]) * s[k] + b[k];
    if (c.residual) v += residual[i];
    if (c.kind == ActivationKind::Relu) v = std::max(v, 0.0);
    if (c.kind == ActivationKind::Sigmoid) v = 1 / (1 + std::exp(-v));
    want.push_back(v);
  }
  const float* r = c.residual ? residual.data() : nullptr;
  Buffer& to = c.in_place ? x : y;
  const BatchnormKernels& kernels = *table.batchnorm;
  if (c.form == Form::Blocked)
    kernels.blocked(x.data(), mean.data(), s.data(), b.data(), r, to.data(), c.n, activation);
  else if (c.form == Form::Plane)
    kernels.plane(x.data(), mean[0], s[0], b[0], r, to.data(), c.n, activation);
  else
    kernels.channels(x.data(), affine.data(), r, to.data(), kRows, c.n, c.n, c.cached, activation);
  to.check();
  // Four roundings of values below 12.
  constexpr double kTolerance = 4 * 12 * std::numeric_limits<float>::epsilon() / 2;
  for (std::int64_t i = 0; i < size; i++)
    EXPECT_NEAR(to[i], want[static_cast<std::size_t>(i)], kTolerance);
}

TEST(BatchnormKernels, MatchTheFormula) {
  for (const KernelTable* table : isas())
    for (Form form : {Form::Blocked, Form::Plane, Form::Channels})
      for (std::int64_t n : hostile_sizes()) {
        if (n == 0) continue;
        for (int flags = 0; flags < (form == Form::Channels ? 8 : 4); flags++)
          for (ActivationKind kind :
               {ActivationKind::None, ActivationKind::Relu, ActivationKind::Sigmoid})
            check(*table, {form, n, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0, kind});
      }
}

}  // namespace
}  // namespace keel::simd::test
