#include "runtime/float_product.h"

#include <algorithm>
#include <vector>

#include "runtime/error.h"
#include "runtime/memory_block.h"
#include "runtime/reorder.h"
#include "simd/kernel_table.h"

namespace keel {
namespace {

// With so few rows packing B would cost more than the product.
constexpr std::int64_t kFewRows = 6;
// With so few rows a product with B transposed is bound by reading B, and a constant B of a size
// that counts is better not held in a second form.
constexpr std::int64_t kDotRows = 8;

// Constant weights from here on, a MiB of floats, do not stay in a core's cache from run to run:
// the product waits for them and is the faster the fewer bits they have. The other kernel for B by
// rows uses what it has read for more rows at once.
constexpr std::int64_t kNarrowFrom = 256 * 1024;
constexpr std::int64_t kNarrowDepth = 256;  // columns are filled up to 128 weights
constexpr std::int64_t kNarrowRowsByRows = 2;

constexpr std::int64_t kPackGrain = 32 * 1024;  // floats of B that a chunk packs

// New memory costs more than the packing, and of the largest matrices of a model not even one is
// there twice. A block of narrow columns, of kNarrowDepth weights or more, is smaller than the
// floats that it is made of, so it ends before those of the next.
bool narrow_in_place(const simd::GemmKernels& gemm, const FloatProduct& p, int bits, Tensor& b) {
  const auto size = static_cast<std::size_t>(gemm.narrow_b_size(p.k, gemm.narrow_columns, bits));
  std::vector<std::int32_t> block(size);
  const float* from = b.data_as<float>();
  auto* to = b.data_as<std::int32_t>();
  for (std::int64_t j = 0; j < p.n; j += gemm.narrow_columns) {
    const std::int64_t columns = std::min(gemm.narrow_columns, p.n - j);
    if (!gemm.pack_narrow(from + j * p.k, 1, p.k, p.k, 0, columns, bits, block.data()))
      return false;
    to = std::copy(block.begin(), block.end(), to);
  }
  return true;
}

}  // namespace

int product_weight_bits(const PrepareContext& context, const FloatProduct& p, std::size_t b_input) {
  const bool by_columns = p.b_row == 1 && p.b_column > 0;
  const bool few_rows = by_columns ? p.m <= kDotRows : p.b_column == 1 && p.m <= kNarrowRowsByRows;
  if (context.precision == Precision::Strict || !few_rows || p.a_column != 1 || p.b_matrices != 1)
    return 32;
  // Without a place to keep packed weights this is one product, of folding: it stays exact.
  if (!context.is_constant(b_input) || context.packs == nullptr) return 32;
  if (p.m < 1 || p.n < 1 || p.k < kNarrowDepth || p.k < kNarrowFrom / p.n) return 32;
  return context.precision == Precision::Bf16 ? 16 : 20;
}

void BatchSteps::find(std::int64_t i, std::int64_t& at_a, std::int64_t& at_b) const {
  at_a = at_b = 0;
  for (std::size_t axis = dims.size(); axis-- > 0; i /= dims[axis]) {
    at_a += i % dims[axis] * a[axis];
    at_b += i % dims[axis] * b[axis];
  }
}

PreparedProduct::PreparedProduct(const PrepareContext& context, const FloatProduct& product,
                                 std::size_t b_input)
    : product_(product), kernels_(&context.kernels), b_input_(b_input) {
  const simd::GemmKernels& gemm = *kernels_->gemm;
  const std::int64_t k = product.k, n = product.n;
  packed_size_ = gemm.packed_b_size(k, n);
  panels_ = (n + gemm.panel - 1) / gemm.panel;
  thread_bytes_ = static_cast<std::size_t>(gemm.scratch_size(product.m, n, k)) * sizeof(float);
  const std::int64_t all = checked_mul(packed_size_, product.b_matrices);
  const int bits = product_weight_bits(context, product, b_input);
  if (bits < 32 && narrow_b(context, bits)) return;
  dot_b_ =
      product.m <= kDotRows && product.b_row == 1 && product.b_column > 0 && product.a_column == 1;
  if (dot_b_) return;
  if (context.is_constant(b_input)) {
    const char* key = product.b_column == 1 ? "B" : "B transposed";
    constant_b_ = context.pack(key, [&] {
      Tensor packed = weight_tensor(DataType::Float, {all});
      for (std::int64_t i = 0; i < product.b_matrices; ++i)
        pack_panels(context.constants[b_input]->data_as<float>(), i, 0, panels_,
                    packed.data_as<float>());
      return packed;
    });
    return;
  }
  direct_b_ = product.m <= kFewRows && product.b_column == 1 && product.b_row > 0;
  if (!direct_b_) shared_bytes_ = align64(static_cast<std::size_t>(all) * sizeof(float));
}

// False where the weights are not such that these bits would do.
bool PreparedProduct::narrow_b(const PrepareContext& context, int bits) {
  const simd::GemmKernels& gemm = *kernels_->gemm;
  const FloatProduct& p = product_;
  const Shape size = {gemm.narrow_b_size(p.k, p.n, bits)};
  const auto packed_b = context.pack(str("B in ", bits, " bits"), [&] {
    const bool fits = p.b_row == 1 && p.b_column == p.k && size[0] <= p.k * p.n;
    const std::shared_ptr<Tensor> own = fits ? context.take(b_input_) : nullptr;
    if (own != nullptr) {
      if (!narrow_in_place(gemm, p, bits, *own)) throw ConstantDropped();
      return reuse_block(std::move(*own), DataType::Int32, size);
    }
    Tensor packed = weight_tensor(DataType::Int32, size);
    const bool done =
        gemm.pack_narrow(context.constants[b_input_]->data_as<float>(), p.b_row, p.b_column, p.k, 0,
                         p.n, bits, packed.data_as<std::int32_t>());
    return done ? packed : Tensor();
  });
  if (packed_b->empty()) return false;
  narrow_bits_ = bits;
  constant_b_ = packed_b;
  return true;
}

Kernel PreparedProduct::kernel() const {
  Kernel kernel;
  kernel.name = narrow_bits_ == 16   ? "dot products of bf16"
                : narrow_bits_ == 20 ? "dot products of 20 bits"
                : dot_b_             ? "dot products"
                : direct_b_          ? "gemm of few rows"
                                     : "gemm";
  kernel.flops = 2.0 * static_cast<double>(product_.products) * static_cast<double>(product_.m) *
                 static_cast<double>(product_.n) * static_cast<double>(product_.k);
  kernel.scratch_shared = shared_bytes_;
  kernel.scratch_per_thread = thread_bytes_;
  if (constant_b_ != nullptr) kernel.packed_inputs = std::uint64_t{1} << b_input_;
  return kernel;
}

void PreparedProduct::pack_panels(const float* b, std::int64_t matrix, std::int64_t begin,
                                  std::int64_t end, float* packed) const {
  kernels_->gemm->pack_b(b + matrix * product_.k * product_.n, product_.b_row, product_.b_column,
                         product_.k, product_.n, begin, end, packed + matrix * packed_size_);
}

const float* PreparedProduct::packed_b(RunContext& context, const float* b) const {
  if (constant_b_ != nullptr) return constant_b_->data_as<float>();
  if (direct_b_ || dot_b_) return b;
  auto* packed = reinterpret_cast<float*>(context.shared_scratch);
  const std::int64_t panel = std::max<std::int64_t>(product_.k * kernels_->gemm->panel, 1);
  const std::int64_t step = std::max<std::int64_t>(kPackGrain / panel, 1);
  const std::int64_t pieces = (panels_ + step - 1) / step;
  context.parallel.chunks(product_.b_matrices * pieces, [&](std::int64_t chunk, int) {
    const std::int64_t begin = chunk % pieces * step;
    pack_panels(b, chunk / pieces, begin, std::min(begin + step, panels_), packed);
  });
  return packed;
}

void PreparedProduct::run(RunContext& context, const float* a, const float* b, const float* addend,
                          const float* residual, float* y) const {
  const simd::GemmKernels& gemm = *kernels_->gemm;
  const FloatProduct& p = product_;
  simd::GemmArgs args;
  args.m = p.m;
  args.n = p.n;
  args.k = p.k;
  args.a_row = p.a_row;
  args.a_column = p.a_column;
  args.b_row = direct_b_ ? p.b_row : 0;
  args.b_column = dot_b_ ? p.b_column : 0;
  args.c_row = p.n;
  args.alpha = p.alpha;
  args.addend_row = p.addend_row;
  args.addend_column = p.addend_column;
  args.beta = p.beta;
  args.residual_row = p.n;
  args.activation = p.activation;
  const float* ready = nullptr;
  if (narrow_bits_ > 0) {
    args.narrow_b = constant_b_->data_as<std::int32_t>();
    args.narrow_bits = narrow_bits_;
  } else {
    ready = packed_b(context, b);
  }
  const std::int64_t b_size = direct_b_ || dot_b_ ? p.k * p.n : packed_size_;
  const std::int64_t chunks = gemm.chunks(p.m, p.n, p.k);
  context.parallel.chunks(p.products * chunks, [&](std::int64_t chunk, int thread) {
    const std::int64_t i = chunk / chunks;
    std::int64_t at_a = 0, at_b = 0;
    if (p.products > 1) p.steps.find(i, at_a, at_b);
    simd::GemmArgs own = args;
    own.a = a + at_a * p.m * p.k;
    if (ready != nullptr) own.b = ready + at_b * b_size;
    own.c = y + i * p.m * p.n;
    own.addend = addend;
    own.residual = residual == nullptr ? nullptr : residual + i * p.m * p.n;
    gemm.run(own, chunk % chunks, reinterpret_cast<float*>(context.scratch(thread)));
  });
}

}  // namespace keel
