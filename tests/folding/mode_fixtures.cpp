// BatchNormalization of every operator set, at inference and in training.
#include "tests/folding/fixture_parts.h"

namespace keel::test {
namespace {

using I = std::int64_t;

Part conv(const std::string& name, const std::string& about, int opset) {
  Part part(name, about, opset);
  part.x(Shape{1, 3, 6, 6}).weights("w", {4, 3, 3, 3});
  part.node("Conv", {"x", "w"}, "c");
  return part;
}

// BatchNormalization with all its outputs.
Part& with_outputs(Part& part, const Strings& outputs, const Attributes& attributes) {
  part.weights("s", {4}).weights("t", {4}).weights("m", {4}).weights("v", {4}, 0.2, 3);
  part.model().node("BatchNormalization", {"c", "s", "t", "m", "v"}, outputs, attributes);
  return part;
}

}  // namespace

void add_mode_fixtures(std::vector<FoldFixture>& list) {
  list.push_back(conv("opset6_test", "is_test = 1", 6)
                     .bn(4, "c", "y", {{"is_test", I{1}}})
                     .folded("y")
                     .done());
  list.push_back(conv("opset6_training", "is_test = 0, the default (onnxoptimizer folds it)", 6)
                     .bn(4, "c", "y")
                     .kept("y", "TRAINING_MODE")
                     .after(1)
                     .not_runnable()
                     .done());
  list.push_back(conv("opset1_consumed_inputs", "consumed_inputs says nothing", 1)
                     .bn(4, "c", "y", {{"is_test", I{1}}, {"consumed_inputs", Ints{0, 0, 0, 1, 1}}})
                     .folded("y")
                     .done());
  Part merged("opset1_merged", "two in a row become one, with what operator set 1 wants", 1);
  const Attributes test = {{"is_test", I{1}}, {"consumed_inputs", Ints{0, 0, 0, 1, 1}}};
  list.push_back(merged.x(Shape{1, 4, 5, 5})
                     .node("Sigmoid", {"x"}, "r")
                     .bn(4, "r", "n", test)
                     .bn(4, "n", "m", test)
                     .node("Sigmoid", {"m"}, "y")
                     .folded("n")
                     .kept("m", "ACTIVATION_BETWEEN")
                     .after(1)
                     .done());
  list.push_back(
      conv("opset7", "inference by the number of outputs", 7).bn(4, "c", "y").folded("y").done());
  list.push_back(
      conv("opset7_spatial_0", "statistics for every position", 7)
          .weights("s", {4, 4, 4})
          .weights("t", {4, 4, 4})
          .weights("m", {4, 4, 4})
          .weights("v", {4, 4, 4}, 0.2, 3)
          .node("BatchNormalization", {"c", "s", "t", "m", "v"}, "y", {{"spatial", I{0}}})
          .kept("y", "SPATIAL_0")
          .after(1)
          .not_runnable()
          .done());
  list.push_back(conv("opset8_spatial_1", "spatial = 1 says nothing new", 8)
                     .bn(4, "c", "y", {{"spatial", I{1}}, {"momentum", 0.5f}})
                     .folded("y")
                     .done());
  list.push_back(conv("opset9", "BN -9", 9).bn(4, "c", "y").folded("y").done());
  Part extra9 = conv("opset9_training_outputs", "further outputs make it training", 9);
  with_outputs(extra9, {"y", "mean", "var", "saved_mean", "saved_var"}, {});
  list.push_back(
      extra9.output("y").output("mean").kept("y", "EXTRA_OUTPUTS").after(1).not_runnable().done());
  list.push_back(
      conv("training_mode", "training_mode = 1 (ONNX Runtime, onnxslim, tract fold it)", 15)
          .bn(4, "c", "y", {{"training_mode", I{1}}})
          .kept("y", "TRAINING_MODE")
          .after(1)
          .not_runnable()
          .done());
  Part extra = conv("training_outputs",
                    "training with its statistics (onnxslim moves the outputs "
                    "onto the Conv)",
                    15);
  with_outputs(extra, {"y", "mean", "var"}, {{"training_mode", I{1}}});
  list.push_back(extra.output("y")
                     .output("mean")
                     .output("var")
                     .kept("y", "TRAINING_MODE")
                     .after(1)
                     .not_runnable()
                     .done());
  list.push_back(conv("opset14", "BN -14", 14).bn(4, "c", "y").folded("y").done());
  Part mixed("opset15_mixed_types", "float16 data, float statistics", 15);
  mixed.x(Shape{1, 3, 6, 6}, DataType::Float16).weights("w", {4, 3, 3, 3});
  mixed.node("Conv", {"x", "w"}, "c").weights("s", {4}).weights("t", {4});
  mixed.constant("m", random_tensor(mixed.random(), DataType::Float, {4}));
  mixed.constant("v", random_tensor(mixed.random(), DataType::Float, {4}, 0.2, 3));
  list.push_back(mixed.node("BatchNormalization", {"c", "s", "t", "m", "v"}, "y")
                     .folded("y")
                     .tolerance(2e-3)
                     .done());
}

}  // namespace keel::test
