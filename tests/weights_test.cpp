// Constants are dropped once they are packed, and come back when other shapes need them.
#include <gtest/gtest.h>

#include "runtime/error.h"
#include "runtime/model.h"
#include "tests/loaders/temp_folder.h"
#include "tests/support/compare.h"
#include "tests/support/model_builder.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

// x [N, 8, H, W] -> Conv -> Add, whose kernel reads its constant -> y
std::string model_bytes(std::uint64_t seed) {
  Random random(seed);
  ModelBuilder m;
  m.input("x", Sizes{"N", 8, "H", "W"});
  m.constant("w", random_tensor(random, DataType::Float, {16, 8, 3, 3}, -0.3, 0.3));
  m.constant("b", random_tensor(random, DataType::Float, {16}));
  m.constant("a", random_tensor(random, DataType::Float, {1, 16, 1, 1}));
  m.node("Conv", {"x", "w", "b"}, {"c"});
  m.node("Add", {"c", "a"}, {"y"});
  return m.output("y").onnx();
}

Tensor image(std::int64_t size) {
  Random random(7);
  return random_tensor(random, DataType::Float, {1, 8, size, size});
}

bool dropped(const Model& model, const std::string& name) {
  for (const Value& value : model.state().graph.values)
    if (value.name == name) return value.constant != nullptr && is_dropped(*value.constant);
  ADD_FAILURE() << "no value " << name;
  return false;
}

Tensor run(const Model& model, std::int64_t size) {
  return model.run({{"x", image(size)}}).at("y");
}

TEST(Weights, AreDroppedOncePacked) {
  const TempFolder folder;
  const Model model = Model::load(folder.write("m.onnx", model_bytes(1)));
  EXPECT_FALSE(dropped(model, "w"));
  run(model, 5);
  EXPECT_TRUE(dropped(model, "w"));
  EXPECT_TRUE(dropped(model, "b"));
  EXPECT_FALSE(dropped(model, "a"));  // read by every run
}

TEST(Weights, OfBytesStay) {
  const std::string bytes = model_bytes(1);
  const Model model = Model::load(bytes.data(), bytes.size());
  run(model, 5);
  EXPECT_FALSE(dropped(model, "w"));
}

TEST(Weights, ComeBackWhereAnotherFormIsWanted) {
  const TempFolder folder;
  const Model model = Model::load(folder.write("m.onnx", model_bytes(1)));
  const std::string bytes = model_bytes(1);
  const Model keeping = Model::load(bytes.data(), bytes.size());
  run(model, 5);
  model.state().weights.packs = PackCache();  // as if the next shapes took another kernel
  EXPECT_EQ(bit_difference(run(model, 9), run(keeping, 9)), "");
  EXPECT_FALSE(dropped(model, "w"));
  run(model, 6);
  EXPECT_FALSE(dropped(model, "w"));
}

TEST(Weights, AreNotTakenFromAnotherFile) {
  const TempFolder folder;
  const Model model = Model::load(folder.write("m.onnx", model_bytes(1)));
  const Tensor before = run(model, 5);
  std::filesystem::remove(folder.file("m.onnx"));
  folder.write("m.onnx", model_bytes(2));
  EXPECT_EQ(bit_difference(run(model, 5), before), "");
  model.state().weights.packs = PackCache();
  try {
    run(model, 9);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Io);
    EXPECT_NE(std::string(error.what()).find("has changed"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace keel::test
