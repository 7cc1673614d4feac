// Large constant matrices that few rows are multiplied by are kept in fewer bits, as far as the
// precision allows.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "runtime/memory_block.h"
#include "runtime/model.h"
#include "runtime/planner.h"
#include "tests/loaders/temp_folder.h"
#include "tests/support/compare.h"
#include "tests/support/instruction_sets.h"
#include "tests/support/model_builder.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

struct Result {
  std::string kernel;
  std::vector<float> y;
  double error;  // the largest, relative to the largest element
};

// x [rows, k] times a constant, of which rows are columns of the product where it is transposed.
Result run(std::int64_t rows, std::int64_t n, std::int64_t k, bool transposed,
           const Options& options) {
  Random random(5);
  const Tensor b = random_tensor(random, DataType::Float, transposed ? Shape{n, k} : Shape{k, n});
  const Tensor x = random_tensor(random, DataType::Float, {rows, k});
  ModelBuilder m;
  m.input("x", Sizes{rows, k}).constant("b", b);
  m.node("Gemm", {"x", "b"}, {"y"}, {{"transB", std::int64_t{transposed}}}).output("y");
  const Model model = m.load(options);
  Session session = model.session();
  session.bind_input("x", x);
  session.run();
  Result result{session.state().plan()->steps.back().kernel.name, {}, 0};
  const Tensor& y = session.output("y");
  result.y.assign(y.data_as<float>(), y.data_as<float>() + y.size());
  double largest = 0;
  const float *xs = x.data_as<float>(), *bs = b.data_as<float>();
  for (std::int64_t i = 0; i < rows * n; ++i) {
    double sum = 0;
    for (std::int64_t p = 0; p < k; ++p)
      sum += static_cast<double>(xs[i / n * k + p]) *
             static_cast<double>(bs[transposed ? i % n * k + p : p * n + i % n]);
    const double y = static_cast<double>(result.y[static_cast<std::size_t>(i)]);
    result.error = std::max(result.error, std::fabs(y - sum));
    largest = std::max(largest, std::fabs(sum));
  }
  result.error /= largest;
  return result;
}

// What the arithmetic may err by, relative to the largest of few results.
double tolerance(std::int64_t k, double weight) {
  const double epsilon = static_cast<double>(std::numeric_limits<float>::epsilon());
  return weight + epsilon * (4 + std::sqrt(static_cast<double>(k)));
}

Options options_of(const simd::KernelTable& table, Precision precision, int threads = 1) {
  Options options;
  options.isa = table.isa;
  options.precision = precision;
  options.threads = threads;
  return options;
}

TEST(NarrowWeights, AsThePrecisionAllows) {
  const std::int64_t n = 513, k = 530;
  for (const simd::KernelTable* table : own_tables()) {
    for (bool transposed : {false, true}) {
      SCOPED_TRACE(testing::Message() << table->isa << (transposed ? " B^T" : ""));
      const Result strict = run(1, n, k, transposed, options_of(*table, Precision::Strict));
      EXPECT_EQ(strict.kernel, transposed ? "dot products" : "gemm");
      EXPECT_LE(strict.error, tolerance(k, 0));
      const Result fp32 = run(1, n, k, transposed, options_of(*table, Precision::Fp32));
      EXPECT_EQ(fp32.kernel, "dot products of 20 bits");
      EXPECT_LE(fp32.error, tolerance(k, 0x1p-18));
      const Result bf16 = run(1, n, k, transposed, options_of(*table, Precision::Bf16));
      EXPECT_EQ(bf16.kernel, "dot products of bf16");
      EXPECT_LE(bf16.error, tolerance(k, 0x1p-9));
    }
  }
}

TEST(NarrowWeights, OnlyLargeOnesAndFewRows) {
  const simd::KernelTable& table = *own_tables().back();
  for (Precision precision : {Precision::Fp32, Precision::Bf16}) {
    const auto narrow = [&](std::int64_t rows, std::int64_t n, std::int64_t k, bool transposed) {
      const Result result = run(rows, n, k, transposed, options_of(table, precision));
      return result.kernel.substr(0, 16) == "dot products of ";
    };
    EXPECT_TRUE(narrow(8, 512, 512, true));
    EXPECT_FALSE(narrow(9, 512, 512, true));
    EXPECT_TRUE(narrow(2, 512, 512, false));
    EXPECT_FALSE(narrow(3, 512, 512, false));
    EXPECT_FALSE(narrow(1, 511, 512, true));
  }
}

// Where the model can be read again, weights are narrowed where they lie.
TEST(NarrowWeights, InPlace) {
  const std::int64_t n = 1027, k = 1041;
  Random random(6);
  ModelBuilder m;
  m.input("x", Sizes{"M", k}).constant("b", random_tensor(random, DataType::Float, {n, k}));
  m.node("Gemm", {"x", "b"}, {"y"}, {{"transB", std::int64_t{1}}}).output("y");
  const std::string bytes = m.onnx();
  const TempFolder folder;
  const std::string path = folder.write("m.onnx", bytes);
  for (Precision precision : {Precision::Fp32, Precision::Bf16}) {
    const Options options = options_of(*own_tables().back(), precision);
    const Model model = Model::load(path, options);
    const Model keeping = Model::load(bytes.data(), bytes.size(), options);
    const Tensor* b = nullptr;
    for (const Value& value : model.state().graph.values)
      if (value.name == "b") b = value.constant.get();
    ASSERT_NE(b, nullptr);
    const bool own_block = has_own_block(*b);  // not under AddressSanitizer
    const void* before = b->data();
    for (std::int64_t rows : {1, 8, 9, 3}) {  // 9 want floats, which are read again
      SCOPED_TRACE(rows);
      const Tensor x = random_tensor(random, DataType::Float, {rows, k});
      EXPECT_EQ(bit_difference(model.run({{"x", x}}).at("y"), keeping.run({{"x", x}}).at("y")), "");
      const Model::State& state = model.state();
      const std::string node = state.graph.nodes[state.graph.order.back()].name;
      const auto packed = state.weights.packs.get(
          node + (precision == Precision::Bf16 ? "\nB in 16 bits" : "\nB in 20 bits"),
          []() -> Tensor { throw std::logic_error("not packed"); });
      EXPECT_EQ(packed->data() == before, own_block);
    }
  }
}

// One that 20 bits cannot express is found when others have been overwritten.
TEST(NarrowWeights, StayFloatsWhereTheyMust) {
  const std::int64_t n = 1024, k = 1040;
  Random random(7);
  Tensor b = random_tensor(random, DataType::Float, {n, k});
  b.data_as<float>()[700 * k + 3] = HUGE_VALF;
  ModelBuilder m;
  m.input("x", Sizes{2, k}).constant("b", b);
  m.node("Gemm", {"x", "b"}, {"y"}, {{"transB", std::int64_t{1}}}).output("y");
  const TempFolder folder;
  const std::string path = folder.write("m.onnx", m.onnx());
  const Tensor x = random_tensor(random, DataType::Float, {2, k});
  const simd::KernelTable& table = *own_tables().back();
  const Model strict = Model::load(path, options_of(table, Precision::Strict));
  const Model model = Model::load(path, options_of(table, Precision::Fp32));
  EXPECT_EQ(bit_difference(model.run({{"x", x}}).at("y"), strict.run({{"x", x}}).at("y")), "");
}

TEST(NarrowWeights, SameBitsForAnyThreads) {
  for (const simd::KernelTable* table : own_tables())
    for (Precision precision : {Precision::Fp32, Precision::Bf16})
      EXPECT_EQ(run(3, 777, 600, true, options_of(*table, precision)).y,
                run(3, 777, 600, true, options_of(*table, precision, 3)).y)
          << table->isa;
}

}  // namespace
}  // namespace keel::test
