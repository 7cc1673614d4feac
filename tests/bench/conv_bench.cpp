// GFLOP/s of the convolutions of a network, layer after layer as in a real run, so that weights
// come from memory and activations from the layer before.
//
//   conv_bench [--network NAME] [--threads N] [--isa NAME] [--precision fp32|strict|bf16] [--runs
//   N]
//              [--totals]
//
// Every figure is the best of the runs, a total the sum of these; % is that of the FMA rate of the
// same number of threads, measured in the same process. Above 100 %: Winograd, or taps that lie in
// the padding.
#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "runtime/parallel.h"
#include "simd/dispatch.h"
#include "tests/bench/networks.h"

namespace keel::bench {
namespace {

struct Settings {
  std::string network, isa, precision = "fp32";
  int threads = 1, runs = 20;
  bool totals = false;
};

simd::ConvPrecision precision_of(const Settings& settings) {
  if (settings.precision == "strict") return simd::ConvPrecision::Strict;
  return settings.precision == "bf16" ? simd::ConvPrecision::Bf16 : simd::ConvPrecision::Float;
}

double wall_seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// Of this thread: what other programs do in between does not count.
double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// On huge pages where the system grants them: weights that stream from memory otherwise wait for
// address translation.
struct Memory {
  float* data;
  explicit Memory(std::size_t bytes) {
    constexpr std::size_t kPage = 2 << 20;
    bytes = bytes / kPage * kPage + kPage;
    data = static_cast<float*>(std::aligned_alloc(kPage, bytes));
#if defined(MADV_HUGEPAGE)
    madvise(data, bytes, MADV_HUGEPAGE);
#endif
  }
  Memory(Memory&& other) noexcept : data(other.data) { other.data = nullptr; }
  Memory(const Memory&) = delete;
  ~Memory() { std::free(data); }
  void fill(std::size_t floats) {
    std::minstd_rand engine;
    std::uniform_real_distribution<float> draw(-0.1f, 0.1f);
    for (std::size_t i = 0; i < floats; i++) data[i] = draw(engine);
  }
};

#if defined(__x86_64__)
// Sixteen independent chains of FMA: GFLOP/s of one thread.
__attribute__((target("avx512f"), noinline)) double fma_rate_avx512() {
  constexpr int kSteps = 60000;
  const double begin = cpu_seconds();
  for (int i = 0; i < kSteps; i++) {
    asm volatile(
        "vfmadd231ps %%zmm30, %%zmm31, %%zmm0\n vfmadd231ps %%zmm30, %%zmm31, %%zmm1\n"
        "vfmadd231ps %%zmm30, %%zmm31, %%zmm2\n vfmadd231ps %%zmm30, %%zmm31, %%zmm3\n"
        "vfmadd231ps %%zmm30, %%zmm31, %%zmm4\n vfmadd231ps %%zmm30, %%zmm31, %%zmm5\n"
        "vfmadd231ps %%zmm30, %%zmm31, %%zmm6\n vfmadd231ps %%zmm30, %%zmm31, %%zmm7\n"
        "vfmadd231ps %%zmm30, %%zmm31, %%zmm8\n vfmadd231ps %%zmm30, %%zmm31, %%zmm9\n"
        "vfmadd231ps %%zmm30, %%zmm31, %%zmm10\n vfmadd231ps %%zmm30, %%zmm31, %%zmm11\n" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
              "xmm10", "xmm11");
  }
  return 12.0 * 32 * kSteps / (cpu_seconds() - begin) * 1e-9;
}
__attribute__((target("avx2,fma"), noinline)) double fma_rate_avx2() {
  constexpr int kSteps = 60000;
  const double begin = cpu_seconds();
  for (int i = 0; i < kSteps; i++) {
    asm volatile(
        "vfmadd231ps %%ymm14, %%ymm15, %%ymm0\n vfmadd231ps %%ymm14, %%ymm15, %%ymm1\n"
        "vfmadd231ps %%ymm14, %%ymm15, %%ymm2\n vfmadd231ps %%ymm14, %%ymm15, %%ymm3\n"
        "vfmadd231ps %%ymm14, %%ymm15, %%ymm4\n vfmadd231ps %%ymm14, %%ymm15, %%ymm5\n"
        "vfmadd231ps %%ymm14, %%ymm15, %%ymm6\n vfmadd231ps %%ymm14, %%ymm15, %%ymm7\n"
        "vfmadd231ps %%ymm14, %%ymm15, %%ymm8\n vfmadd231ps %%ymm14, %%ymm15, %%ymm9\n"
        "vfmadd231ps %%ymm14, %%ymm15, %%ymm10\n vfmadd231ps %%ymm14, %%ymm15, %%ymm11\n" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
              "xmm10", "xmm11");
  }
  return 12.0 * 16 * kSteps / (cpu_seconds() - begin) * 1e-9;
}
#endif

// 0 where it is not known.
double fma_rate(const std::string& isa) {
  double best = 0;
#if defined(__x86_64__)
  for (int i = 0; i < 20; i++) {
    if (isa == "avx512" || isa == "avx512_bf16" || isa == "amx")
      best = std::max(best, fma_rate_avx512());
    if (isa == "avx2") best = std::max(best, fma_rate_avx2());
  }
#endif
  return best;
}

struct Layer {
  simd::ConvShape shape;
  simd::ConvPlan plan;
  Memory packed, bias, mine, shared;
  double best = 1e9;
};

Layer make_layer(const simd::ConvShape& shape, const simd::KernelTable& kernels,
                 const Settings& settings) {
  simd::ConvPlan plan = simd::plan_conv(shape, kernels, settings.threads, precision_of(settings));
  const std::size_t weights = shape.k * shape.c / shape.group * shape.kernel[0] * shape.kernel[1];
  Memory plain(weights * 4), packed(plan.packed_floats * 4), bias((shape.k + 16) * 4);
  plain.fill(weights);
  bias.fill(shape.k + 16);
  simd::pack_conv_weights(plan, plain.data, packed.data);
  Memory mine(plan.thread_scratch * settings.threads), shared(plan.shared_scratch);
  std::memset(mine.data, 0, plan.thread_scratch * settings.threads);
  std::memset(shared.data, 0, plan.shared_scratch);
  return {shape, plan, std::move(packed), std::move(bias), std::move(mine), std::move(shared)};
}

void run_layer(Layer& layer, Parallel& parallel, const float* x, const float* residual, float* y) {
  const auto seconds = parallel.threads() == 1 ? cpu_seconds : wall_seconds;
  const double begin = seconds();
  for (std::size_t phase = 0; phase < layer.plan.phases.size(); phase++) {
    parallel.chunks(layer.plan.phases[phase], [&](std::int64_t chunk, int thread) {
      simd::ConvArgs args;
      args.x = x;
      args.packed = layer.packed.data;
      args.bias = layer.bias.data;
      args.residual = residual;
      args.y = y;
      args.thread_scratch =
          reinterpret_cast<char*>(layer.mine.data) + thread * layer.plan.thread_scratch;
      args.shared_scratch = layer.shared.data;
      simd::run_conv_chunk(layer.plan, static_cast<int>(phase), chunk, args);
    });
  }
  layer.best = std::min(layer.best, seconds() - begin);
}

void print_layer(const Layer& layer, double peak) {
  const simd::ConvShape& s = layer.shape;
  const double rate = layer.plan.flops / layer.best * 1e-9;
  std::printf("  %4ld -> %4ld %s %ldx%ld/%ld @%-3ld %8.1f us %7.1f GFLOP/s", long(s.c), long(s.k),
              s.group == 1 ? "     " : "group", long(s.kernel[0]), long(s.kernel[1]),
              long(s.stride[0]), long(s.out[0]), layer.best * 1e6, rate);
  if (peak > 0) std::printf(" %5.1f %%", rate / peak * 100);
  std::printf("  %s, chunks", layer.plan.kernel.c_str());
  for (std::int64_t chunks : layer.plan.phases) std::printf(" %ld", long(chunks));
  std::printf("\n");
}

void run_network(const Network& network, const simd::KernelTable& kernels,
                 const Settings& settings) {
  std::vector<Layer> layers;
  std::size_t largest = 0;
  for (const simd::ConvShape& shape : network.layers) {
    layers.push_back(make_layer(shape, kernels, settings));
    largest = std::max<std::size_t>(
        {largest, (shape.c + 15) / 16 * 16 * shape.in[0] * shape.in[1] * sizeof(float),
         (shape.k + 15) / 16 * 16 * shape.out[0] * shape.out[1] * sizeof(float)});
  }
  Memory activations[3] = {Memory(largest), Memory(largest), Memory(largest)};
  for (Memory& m : activations) m.fill(largest / sizeof(float));
  Parallel parallel(settings.threads, nullptr, true);
  const double peak = fma_rate(kernels.isa) * settings.threads;
  double best = 0, flops = 0;
  parallel.enter([&] {
    for (int run = 0; run < settings.runs; run++) {
      for (std::size_t i = 0; i < layers.size(); i++) {
        run_layer(layers[i], parallel, activations[i % 3].data, activations[(i + 2) % 3].data,
                  activations[(i + 1) % 3].data);
      }
    }
  });
  for (const Layer& layer : layers) {
    best += layer.best;
    flops += layer.plan.flops;
    if (!settings.totals) print_layer(layer, peak);
  }
  std::printf("%s: %.2f ms, %.2f GFLOP, %.1f GFLOP/s", network.name.c_str(), best * 1e3,
              flops * 1e-9, flops / best * 1e-9);
  if (peak > 0) std::printf(", %.1f %% of %.1f", flops / best * 1e-7 / peak, peak);
  std::printf(" (%s, %s, %d threads)\n", kernels.isa, settings.precision.c_str(), settings.threads);
}

int main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; i++) {
    const std::string flag = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (flag == "--totals") {
      settings.totals = true;
    } else {
      if (flag == "--network") settings.network = value;
      if (flag == "--isa") settings.isa = value;
      if (flag == "--precision") settings.precision = value;
      if (flag == "--threads") settings.threads = std::atoi(value);
      if (flag == "--runs") settings.runs = std::atoi(value);
      i++;
    }
  }
  const simd::KernelTable& kernels = simd::select(settings.isa.c_str());
  for (const Network& network : networks()) {
    if (settings.network.empty() || settings.network == network.name) {
      run_network(network, kernels, settings);
    }
  }
  return 0;
}

}  // namespace
}  // namespace keel::bench

int main(int argc, char** argv) { return keel::bench::main(argc, argv); }
