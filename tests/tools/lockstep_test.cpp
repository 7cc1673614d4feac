// The verification of folded models: right folds pass within the derived bound, wrong ones do not.
#include "tools/lockstep.h"

#include <gtest/gtest.h>

#include "loaders/onnx_reader.h"
#include "runtime/constants.h"
#include "runtime/optimizer.h"
#include "tests/folding/fixtures.h"

namespace keel::test {
namespace {

using tools::LockstepResult;

struct Models {
  Graph original, folded;
  std::set<std::string> changed;
};

Models fold(const FoldFixture& fixture) {
  const std::string bytes = fixture.model.onnx();
  Models models;
  models.original = read_graph(bytes.data(), bytes.size());
  models.folded = models.original;
  std::vector<Decision> decisions;
  optimize(models.folded, {}, {Phase::Fold}, decisions);
  for (const Value& value : models.folded.values)
    if (value.changed) models.changed.insert(value.name);
  return models;
}

LockstepResult verify(const Models& models, const FoldFixture& fixture) {
  return tools::run_lockstep(models.original, models.folded, models.changed, fixture.inputs, [] {});
}

bool ok(const LockstepResult& result) {
  for (const auto* list : {&result.outputs, &result.layers})
    for (const tools::ValueCheck& check : *list)
      if (!check.ok) return false;
  return true;
}

bool folded_something(const FoldFixture& fixture) {
  for (const ExpectedRecord& record : fixture.records)
    if (record.status != "kept") return true;
  return false;
}

TEST(Lockstep, EveryRightFoldPasses) {
  int layers = 0;
  for (const FoldFixture& fixture : fold_fixtures()) {
    if (!fixture.runnable || fixture.foreign) continue;
    SCOPED_TRACE(fixture.name);
    const LockstepResult result = verify(fold(fixture), fixture);
    EXPECT_FALSE(result.outputs.empty());
    EXPECT_TRUE(!result.layers.empty() || !folded_something(fixture));
    layers += static_cast<int>(result.layers.size());
    for (const auto* list : {&result.outputs, &result.layers})
      for (const tools::ValueCheck& check : *list)
        EXPECT_TRUE(check.ok) << check.name << " NME " << check.nme << " bound " << check.bound;
  }
  EXPECT_GT(layers, 70);
}

// One folded weight after the other is made wrong by a fiftieth of its largest element.
TEST(Lockstep, WrongFoldsAreFound) {
  int tried = 0;
  for (const FoldFixture& fixture : fold_fixtures()) {
    if (!fixture.runnable || fixture.foreign || !folded_something(fixture)) continue;
    const Models right = fold(fixture);
    for (std::size_t id = 0; id < right.folded.values.size(); ++id) {
      const Value& value = right.folded.values[id];
      const bool changed = id >= right.original.values.size() ||
                           value.constant != right.original.values[id].constant;
      if (value.constant == nullptr || !changed || value.users.empty()) continue;
      if (!is_floating(value.constant->type()) || value.constant->size() == 0) continue;
      SCOPED_TRACE(fixture.name + " " + value.name);
      double largest = 0;
      for (double element : as_doubles(*value.constant))
        largest = std::max(largest, std::abs(element));
      // In half types a fiftieth may drown in the roundings of a long sum.
      if (largest == 0 || element_bits(value.constant->type()) < 32) continue;
      Tensor wrong(value.constant->type(), value.constant->shape());
      for (std::int64_t i = 0; i < wrong.size(); ++i)
        store_rounded(wrong, i, element_as_double(*value.constant, i) + largest / 50);
      Models models = right;
      models.folded.values[id].constant = std::make_shared<const Tensor>(wrong);
      EXPECT_FALSE(ok(verify(models, fixture)));
      ++tried;
    }
  }
  EXPECT_GT(tried, 100);
}

TEST(Lockstep, NothingChangedNothingDiffers) {
  const FoldFixture& fixture = fold_fixtures()[0];
  Models models = fold(fixture);
  models.folded = models.original;
  models.changed.clear();
  const LockstepResult result = verify(models, fixture);
  EXPECT_TRUE(result.layers.empty());
  ASSERT_EQ(result.outputs.size(), 1u);
  EXPECT_EQ(result.outputs[0].max_abs, 0);
  EXPECT_EQ(result.outputs[0].bound, 0);
}

}  // namespace
}  // namespace keel::test
