// Sequences of known length: what the tensors taken out of them are.
#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/model_builder.h"

namespace keel::test {
namespace {

Tensor row(float first) { return make_tensor<float>({1, 2}, {first, first + 1}); }

TEST(Sequences, InsertEraseAtAndLength) {
  ModelBuilder m;
  m.input("a", Sizes{1, 2}).input("b", Sizes{1, 2});
  m.constant("last", make_tensor<std::int64_t>({}, {-1}))
      .constant("first", make_tensor<std::int64_t>({}, {0}));
  m.node("SequenceConstruct", {"a", "b"}, {"s"}).node("SequenceInsert", {"s", "b", "first"}, {"t"});
  m.node("SequenceErase", {"t", "last"}, {"u"}).node("SequenceAt", {"u", "last"}, {"y"});
  m.node("SequenceLength", {"u"}, {"n"}).output("y").output("n");
  const auto results = m.load().run({{"a", row(1)}, {"b", row(5)}});
  EXPECT_EQ(difference(results.at("y"), row(1)), "");
  EXPECT_EQ(results.at("n").data_as<std::int64_t>()[0], 2);
}

TEST(Sequences, SplitAndConcatenate) {
  ModelBuilder m;
  m.input("x", Sizes{2, 2});
  m.node("SplitToSequence", {"x"}, {"s"}, {{"keepdims", std::int64_t{0}}});
  m.node("ConcatFromSequence", {"s"}, {"y"},
         {{"axis", std::int64_t{1}}, {"new_axis", std::int64_t{1}}});
  m.output("y");
  const auto results = m.load().run({{"x", make_tensor<float>({2, 2}, {1, 2, 3, 4})}});
  EXPECT_EQ(difference(results.at("y"), make_tensor<float>({2, 2}, {1, 3, 2, 4})), "");
}

TEST(Sequences, RefusesAPositionOutsideAndAnUnknownOne) {
  ModelBuilder m;
  m.input("a", Sizes{1, 2}).constant("at", make_tensor<std::int64_t>({}, {1}));
  m.node("SequenceConstruct", {"a"}, {"s"}).node("SequenceAt", {"s", "at"}, {"y"}).output("y");
  EXPECT_THROW(m.load(), Error);
  ModelBuilder unknown;
  unknown.input("a", Sizes{1, 2}).input("at", Sizes{}, DataType::Int64);
  unknown.node("SequenceConstruct", {"a"}, {"s"})
      .node("SequenceAt", {"s", "at"}, {"y"})
      .output("y");
  EXPECT_THROW(unknown.load(), Error);
}

}  // namespace
}  // namespace keel::test
