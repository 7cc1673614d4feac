// Memory bandwidth of BatchNormalization on its own against that of plain loops of the same
// traffic.
//
//   batchnorm_bench [--threads N] [--isa NAME]
//
// For each size, layout and epilogue: GB/s of the operator (bytes read and written, each once) and,
// measured in turn on the same memory, of y = a * x (y = a + b where a residual is added). % is
// their ratio; every figure is the best of the runs.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "runtime/parallel.h"
#include "simd/batchnorm.h"
#include "simd/dispatch.h"
#include "simd/elementwise.h"
#include "simd/kernel_table.h"
#include "simd/layout.h"

namespace keel::bench {
namespace {

enum class Form { Blocked, Planes, Rows };

struct Case {
  const char* name;
  Form form;
  std::int64_t images, channels, spatial;
};

// In L2, in L3, in memory.
constexpr Case kCases[] = {
    {"NCHW16c 64x28x28", Form::Blocked, 1, 64, 784},
    {"NCHW16c 64x112x112", Form::Blocked, 1, 64, 12544},
    {"NCHW16c 16x64x112x112", Form::Blocked, 16, 64, 12544},
    {"NCHW 64x28x28", Form::Planes, 1, 64, 784},
    {"NCHW 64x112x112", Form::Planes, 1, 64, 12544},
    {"NCHW 16x64x112x112", Form::Planes, 16, 64, 12544},
    {"NC 64x1024", Form::Rows, 64, 1024, 1},
    {"NC 1024x1024", Form::Rows, 1024, 1024, 1},
    {"NC 16384x1024", Form::Rows, 16384, 1024, 1},
};

// Aligned as the runtime's tensors are.
struct Free {
  void operator()(float* p) const { std::free(p); }
};
std::unique_ptr<float, Free> filled(std::int64_t n, float value) {
  const auto bytes = static_cast<std::size_t>(n + 16) / 16 * 64;
  auto* data = static_cast<float*>(std::aligned_alloc(64, bytes));
  std::fill_n(data, n, value);
  return std::unique_ptr<float, Free>(data);
}

struct Memory {
  std::int64_t size;
  std::unique_ptr<float, Free> x, residual, y, mean, s, b, affine;
  explicit Memory(const Case& c)
      : size(c.images * c.channels * c.spatial),
        x(filled(size, 0.5f)),
        residual(filled(size, 0.25f)),
        y(filled(size, 0.0f)),
        mean(filled(c.channels, 0.1f)),
        s(filled(c.channels, 1.5f)),
        b(filled(c.channels, 0.2f)),
        affine(filled(c.channels * 3, 0.5f)) {}
};

// Floats, as in the operator.
constexpr std::int64_t kGrain = 16 * 1024, kCached = 128 << 10;

// Chunks as the operator cuts them.
void normalize(const simd::KernelTable& table, Parallel& parallel, const Case& c, Memory& m,
               bool residual, simd::Activation activation) {
  const float *mean = m.mean.get(), *s = m.s.get(), *b = m.b.get();
  const float *x = m.x.get(), *r = m.residual.get();
  float* y = m.y.get();
  if (c.form == Form::Rows) {
    const std::int64_t height = kGrain / c.channels;
    parallel.chunks((c.images + height - 1) / height, [&](std::int64_t chunk, int) {
      const std::int64_t row = chunk * height, at = row * c.channels;
      table.batchnorm->channels(x + at, m.affine.get(), residual ? r + at : nullptr, y + at,
                                std::min(height, c.images - row), c.channels, c.channels,
                                m.size <= kCached, activation);
    });
    return;
  }
  const std::int64_t width = c.form == Form::Blocked ? simd::kBlock : 1;
  const auto total = m.size / width;
  parallel.ranges(total, kGrain / width, [&](std::int64_t begin, std::int64_t end) {
    while (begin < end) {
      const std::int64_t n = std::min(end - begin, c.spatial - begin % c.spatial);
      const std::int64_t k = begin / c.spatial * width % c.channels, at = begin * width;
      const float* added = residual ? r + at : nullptr;
      if (c.form == Form::Blocked)
        table.batchnorm->blocked(x + at, mean + k, s + k, b + k, added, y + at, n, activation);
      else
        table.batchnorm->plane(x + at, mean[k], s[k], b[k], added, y + at, n, activation);
      begin += n;
    }
  });
}

void stream(const simd::KernelTable& table, Parallel& parallel, Memory& m, bool residual) {
  const auto kind = residual ? simd::BinaryKind::Add : simd::BinaryKind::Mul;
  const auto inner = residual ? simd::Inner::VectorVector : simd::Inner::VectorScalar;
  const auto total = m.size;
  parallel.ranges(total, kGrain, [&](std::int64_t begin, std::int64_t end) {
    const float* second = residual ? m.residual.get() + begin : m.s.get();
    table.elementwise->binary(kind, inner, m.x.get() + begin, second, m.y.get() + begin,
                              end - begin, {});
  });
}

template <typename Body>
double seconds(const Body& body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void measure(const simd::KernelTable& table, Parallel& parallel, const Case& c) {
  Memory m(c);
  for (bool residual : {false, true})
    for (bool relu : {false, true}) {
      const simd::Activation activation{relu ? simd::ActivationKind::Relu
                                             : simd::ActivationKind::None};
      const double bytes = static_cast<double>(m.size) * sizeof(float) * (residual ? 3 : 2);
      const int runs = static_cast<int>(std::clamp(4e9 / bytes, 10.0, 2000.0));
      double own = 1e9, plain = 1e9;
      for (int i = 0; i < runs; i++) {
        own =
            std::min(own, seconds([&] { normalize(table, parallel, c, m, residual, activation); }));
        plain = std::min(plain, seconds([&] { stream(table, parallel, m, residual); }));
      }
      std::printf("%-24s %-10s %7.1f GB/s  stream %7.1f GB/s  %4.0f %%\n", c.name,
                  residual ? (relu ? "+ r, relu" : "+ r") : (relu ? "relu" : ""),
                  bytes / own * 1e-9, bytes / plain * 1e-9, 100 * plain / own);
    }
}

int run(int argc, char** argv) {
  int threads = 1;
  const char* isa = nullptr;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--threads") == 0) threads = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--isa") == 0) isa = argv[i + 1];
  }
  const simd::KernelTable& table = simd::select(isa);
  std::printf("%s, %d threads\n", table.isa, threads);
  Parallel parallel(threads, nullptr, true);
  parallel.enter([&] {
    for (const Case& c : kCases) measure(table, parallel, c);
  });
  return 0;
}

}  // namespace
}  // namespace keel::bench

int main(int argc, char** argv) { return keel::bench::run(argc, argv); }
