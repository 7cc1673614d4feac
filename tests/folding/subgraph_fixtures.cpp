// BatchNormalization in the bodies of If, Loop and Scan, and in local functions.
#include "tests/folding/fixture_parts.h"

namespace keel::test {
namespace {

using I = std::int64_t;

// Weights [4, 4, 3, 3] and statistics "s", "t", "m", "v" in the graph around the body.
Part around(const std::string& name, const std::string& about, const Shape& x = Shape{1, 4, 6, 6}) {
  Part part(name, about);
  part.x(x).weights("w", {4, 4, 3, 3}, -0.3, 0.3).weights("s", {4});
  part.weights("t", {4}).weights("m", {4}).weights("v", {4}, 0.2, 3);
  return part;
}

// value -> Conv -> BatchNormalization "n", of the same sizes.
ModelBuilder& add_normalised(ModelBuilder& body, const std::string& value) {
  body.node("Conv", {value, "w"}, {"c"}, {{"pads", Ints{1, 1, 1, 1}}});
  return body.node("BatchNormalization", {"c", "s", "t", "m", "v"}, {"n"});
}

FoldFixture with_condition(FoldFixture fixture) {
  fixture.inputs["p"] = make_tensor<bool>({}, {true});
  return fixture;
}

FoldFixture if_branch() {
  Part part = around("if_branch", "weights that both branches read are copied for the one");
  part.model().input("p", Sizes{}, DataType::Bool);
  ModelBuilder then_branch(17), else_branch(17);
  add_normalised(then_branch, "x").output("n", DataType::Float);
  else_branch.node("Conv", {"x", "w"}, {"e"}, {{"pads", Ints{1, 1, 1, 1}}})
      .output("e", DataType::Float);
  return with_condition(
      part.node("If", {"p"}, "y",
                {{"then_branch", subgraph(then_branch)}, {"else_branch", subgraph(else_branch)}})
          .folded("n")
          .foreign()
          .done());
}

FoldFixture loop_body() {
  Part part = around("loop_body", "Conv and BN in every turn of a Loop");
  part.constant("turns", make_tensor<I>({}, {3}));
  ModelBuilder body(17);
  body.input("turn", Sizes{}, DataType::Int64).input("go", Sizes{}, DataType::Bool);
  body.input("state", Sizes{1, 4, 6, 6});
  body.node("Identity", {"go"}, {"on"});
  add_normalised(body, "state").output("on", DataType::Bool).output("n", DataType::Float);
  return part.node("Loop", {"turns", "", "x"}, "y", {{"body", subgraph(body)}})
      .folded("n")
      .foreign()
      .done();
}

FoldFixture scan_body() {
  Part part =
      around("scan_body", "Conv and BN of every element that a Scan takes", Shape{3, 1, 4, 6, 6});
  ModelBuilder body(17);
  body.input("element", Sizes{1, 4, 6, 6});
  add_normalised(body, "element").output("n", DataType::Float);
  return part.node("Scan", {"x"}, "y", {{"body", subgraph(body)}, {"num_scan_inputs", I{1}}})
      .folded("n")
      .foreign()
      .done();
}

FoldFixture used_in_a_branch() {
  Part part = around("used_in_a_branch", "the unnormalised result is read inside an If");
  part.model().input("p", Sizes{}, DataType::Bool);
  ModelBuilder then_branch(17), else_branch(17);
  then_branch.node("Relu", {"c"}, {"r"}).output("r", DataType::Float);
  else_branch.node("Neg", {"c"}, {"o"}).output("o", DataType::Float);
  return with_condition(
      part.node("Conv", {"x", "w"}, "c")
          .node("BatchNormalization", {"c", "s", "t", "m", "v"}, "y")
          .node("If", {"p"}, "z",
                {{"then_branch", subgraph(then_branch)}, {"else_branch", subgraph(else_branch)}})
          .output("y")
          .output("z")
          .kept("y", "MULTI_USE")
          .after(1)
          .foreign()
          .done());
}

// F(a) = BN(Conv(a)), called twice with the same weights.
FoldFixture function() {
  Part part =
      around("local_function", "in a function, each call is folded with weights of its own");
  ModelBuilder body(17);
  for (const char* name : {"a", "w", "s", "t", "m", "v"}) body.input(name, std::nullopt);
  add_normalised(body, "a").output("n");
  part.model().function("F", body);
  const Strings rest = {"w", "s", "t", "m", "v"};
  for (const auto& [from, to] : {std::pair<const char*, const char*>{"x", "h"}, {"h", "y"}}) {
    Strings inputs = rest;
    inputs.insert(inputs.begin(), from);
    part.model().node("F", inputs, {to}, {}, "local");
  }
  return part.folded("h#1/n").folded("y#2/n").done();
}

}  // namespace

void add_subgraph_fixtures(std::vector<FoldFixture>& list) {
  list.push_back(if_branch());
  list.push_back(loop_body());
  list.push_back(scan_body());
  list.push_back(used_in_a_branch());
  list.push_back(function());
}

}  // namespace keel::test
