// Records of what the passes decided, where several of them speak of one node.
#include "runtime/folding/records.h"

#include <gtest/gtest.h>

#include "tests/support/model_builder.h"

namespace keel::test {
namespace {

Decision decision(const std::string& pass, const std::string& node, bool done,
                  const std::string& code) {
  Decision out;
  out.pass = pass;
  out.node = node;
  out.op = "BatchNormalization";
  out.done = done;
  out.code = code;
  return out;
}

// Two normalisations, "a" and "b".
Graph two() {
  ModelBuilder m;
  const Tensor one = make_tensor<float>({1}, {1});
  m.input("x", Sizes{1, 1, 2, 2}).constant("k", one);
  m.node("BatchNormalization", {"x", "k", "k", "k", "k"}, {"a"});
  m.node("BatchNormalization", {"a", "k", "k", "k", "k"}, {"b"}).output("b");
  return m.graph();
}

TEST(FoldRecords, TheNearestReasonIsGiven) {
  const auto records =
      folding::fold_records(two(), {decision("fold_backward", "a", false, "CONSUMER_NOT_FOLDABLE"),
                                    decision("fold_forward", "a", false, "PADDED_CONSUMER"),
                                    decision("fuse_activation", "b", true, ""),
                                    decision("fold_backward", "b", false, "MULTI_USE"),
                                    decision("fold_forward", "b", true, "")});
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].code, "PADDED_CONSUMER");
  EXPECT_EQ(records[0].status, "kept");
  EXPECT_EQ(records[1].status, "folded");
}

TEST(FoldRecords, ASplitIsFoldedOnceItsRestIs) {
  Decision split = decision("fold_split", "a", true, "ACTIVATION_BETWEEN");
  split.rest = {"a_1"};
  EXPECT_EQ(folding::fold_records(
                two(), {split, decision("fold_backward", "a_1", false, "ACTIVATION_BETWEEN")})[0]
                .status,
            "partial");
  const auto whole =
      folding::fold_records(two(), {split, decision("fold_forward", "a_1", true, "")});
  EXPECT_EQ(whole[0].status, "folded");
  EXPECT_EQ(whole[0].code, "");
}

TEST(FoldRecords, OfAMergedChainTheLastStays) {
  Decision merged = decision("fold_chain", "b", true, "");
  merged.covered = {"a"};
  merged.rest = {"b_merged"};
  const auto records = folding::fold_records(
      two(), {merged, decision("fold_backward", "b_merged", false, "MULTI_USE")});
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].status, "folded");
  EXPECT_EQ(records[1].status, "kept");
  EXPECT_EQ(records[1].code, "MULTI_USE");
  EXPECT_EQ(records[1].name, "b");
}

}  // namespace
}  // namespace keel::test
