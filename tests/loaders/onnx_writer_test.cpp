// What no patch touched survives; what patches did is in the file; nothing else is.
#include "loaders/onnx_writer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "runtime/patch.h"
#include "tests/loaders/model_wire.h"
#include "tests/loaders/outcome.h"
#include "tests/loaders/temp_folder.h"
#include "tests/loaders/wire_reader.h"

namespace keel {
namespace {

using namespace test;

LoadedModel load(const std::string& bytes) {
  return read_model(bytes.data(), bytes.size(), {}, Purpose::Write);
}

ValueId value(const Graph& graph, const std::string& name) {
  for (std::size_t i = 0; i < graph.values.size(); ++i)
    if (graph.values[i].name == name) return static_cast<ValueId>(i);
  ADD_FAILURE() << name;
  return kNone;
}

std::string written(LoadedModel& loaded) {
  const TempFolder folder;
  write_model(loaded, loaded.graph, folder.file("out.onnx"));
  EXPECT_EQ(folder.count(), 1u);
  return read_file(folder.file("out.onnx"));
}

std::string graph_of(const std::string& bytes) { return one_of(bytes, 7); }

// The names in `number`, a repeated field of the graph, whose own name is field `name_field`.
Names names_in(const std::string& graph, int number, int name_field) {
  Names names;
  for (const std::string& item : all_of(graph, number)) names.push_back(one_of(item, name_field));
  return names;
}
Names ops_of(const std::string& bytes) { return names_in(graph_of(bytes), 1, 4); }
Names initializers_of(const std::string& bytes) { return names_in(graph_of(bytes), 5, 8); }

const std::string kUnknown = "a field of another version";

// x -> Mul(w) -> Add(b) -> Custom -> y, with everything a file may hold besides.
std::string rich_model() {
  const Wire mul =
      node("Mul", {"x", "w"}, {"m"}, {}, "", "mul", "doc of mul").text(9, kUnknown + " node");
  const Wire add = node("Add", {"m", "b"}, {"a"}, {}, "", "add");
  const Wire custom = node("Custom", {"a", "unused_here"}, {"y"},
                           {Wire().text(1, "k").varint(3, 5).varint(20, 2)}, "acme", "custom");
  const Wire annotation =
      Wire().text(1, "m").message(2, entry("SCALE_TENSOR", "scale")).text(20, kUnknown);
  const Wire graph = Wire()
                         .message(1, mul)
                         .message(1, add)
                         .message(1, custom)
                         .text(2, "rich")
                         .message(5, float_tensor("w", {2}, {2, 3}).text(12, "doc of w"))
                         .message(5, float_tensor("b", {2}, {1, 1}).text(16, kUnknown))
                         .message(5, float_tensor("unused_here", {1}, {1}))
                         .message(5, float_tensor("unused", {1}, {1}))
                         .message(5, float_tensor("scale", {1}, {1}))
                         .text(10, "doc of graph")
                         .message(11, value_info("x", {2}).text(3, "doc of x"))
                         .message(12, value_info("y", {2}))
                         .message(13, value_info("m", {2}))
                         .message(13, value_info("a", {2}))
                         .message(14, annotation)
                         .text(30, kUnknown + " graph");
  return model(graph)
      .message(8, opset("acme", 3))
      .text(2, "maker")
      .text(3, "1.2")
      .text(6, "doc of model")
      .varint(5, 7)
      .message(14, entry("key", "value"))
      .message(25, Wire().text(1, "F").message(9, opset("", 17)).text(10, "local"))
      .text(26, kUnknown + " model")
      .bytes();
}

// What protobuf makes of the model when nothing is changed.
std::string canonical(const std::string& bytes) {
  LoadedModel loaded = load(bytes);
  return written(loaded);
}

TEST(OnnxWriter, AnUnchangedModelKeepsEverything) {
  const std::string once = canonical(rich_model());
  EXPECT_EQ(canonical(once), once);
  const std::string original = rich_model();
  const auto sorted = [](const std::string& bytes) {
    Names fields;
    for (const WireField& field : wire_fields(bytes))
      if (field.number != 7) fields.push_back(std::to_string(field.number) + ":" + field.bytes);
    std::sort(fields.begin(), fields.end());
    return fields;
  };
  EXPECT_EQ(sorted(once), sorted(original));
  EXPECT_EQ(sorted(graph_of(once)), sorted(graph_of(original)));
}

// Mul's weights replaced by 2w, as a fold would do it: the Add is taken into new weights.
void replace_weights(Graph& graph) {
  Patch patch(graph);
  patch.set_input(0, 1, patch.add_constant("w_folded", make_tensor<float>({2}, {4, 6})));
  patch.remove_node(1);
  patch.set_output(0, 0, value(graph, "a"));
  patch.apply(graph);
  graph.link();
}

TEST(OnnxWriter, WritesWhatAPatchChangedAndNothingElse) {
  LoadedModel loaded = load(rich_model());
  replace_weights(loaded.graph);
  const std::string bytes = written(loaded);
  EXPECT_EQ(ops_of(bytes), (Names{"Mul", "Custom"}));
  EXPECT_EQ(initializers_of(bytes), (Names{"unused_here", "unused", "scale", "w_folded"}));
  const std::string before = graph_of(rich_model()), after = graph_of(bytes);
  // The custom node byte for byte; of Mul only the names.
  EXPECT_EQ(all_of(after, 1)[1], all_of(before, 1)[2]);
  const std::string mul = all_of(after, 1)[0];
  EXPECT_EQ(all_of(mul, 1), (Names{"x", "w_folded"}));
  EXPECT_EQ(all_of(mul, 2), (Names{"a"}));
  EXPECT_EQ(one_of(mul, 3), "mul");
  EXPECT_EQ(one_of(mul, 6), "doc of mul");
  EXPECT_EQ(one_of(mul, 9), kUnknown + " node");
  EXPECT_EQ(names_in(after, 13, 1), Names{"a"});  // m is no more
  EXPECT_TRUE(all_of(after, 14).empty());         // neither is its annotation
  EXPECT_EQ(one_of(after, 30), kUnknown + " graph");
  EXPECT_EQ(one_of(after, 10), "doc of graph");
  EXPECT_EQ(one_of(bytes, 26), kUnknown + " model");
  EXPECT_EQ(one_of(bytes, 6), "doc of model");
  EXPECT_EQ(one_of(bytes, 14), entry("key", "value").bytes());
  EXPECT_EQ(all_of(bytes, 25), all_of(rich_model(), 25));
  // And it is a model still.
  const LoadedModel again = load(bytes);
  const Tensor& w = *again.graph.values[value(again.graph, "w_folded")].constant;
  EXPECT_EQ(w.data_as<float>()[1], 6);
}

TEST(OnnxWriter, IsDeterministic) {
  LoadedModel first = load(rich_model()), second = load(rich_model());
  replace_weights(first.graph);
  replace_weights(second.graph);
  EXPECT_EQ(written(first), written(second));
}

TEST(OnnxWriter, NewNodesStandBeforeTheirUsers) {
  const Wire graph = Wire()
                         .message(1, node("Relu", {"x"}, {"r"}))
                         .message(1, node("Neg", {"r"}, {"y"}))
                         .message(11, value_info("x", {2}))
                         .message(12, value_info("y", {2}));
  LoadedModel loaded = load(model(graph).bytes());
  Patch patch(loaded.graph);
  const ValueId half = patch.add_constant("y", make_tensor<float>({1}, {0.5F}));  // name is taken
  const ValueId product = patch.add_value("product", {});
  Node mul;
  mul.name = "scale";
  mul.op_type = "Mul";
  mul.inputs = {value(loaded.graph, "r"), half};
  mul.outputs = {product};
  patch.add_node(mul);
  patch.set_input(1, 0, product);
  patch.apply(loaded.graph);
  loaded.graph.link();
  const std::string bytes = written(loaded);
  EXPECT_EQ(ops_of(bytes), (Names{"Relu", "Mul", "Neg"}));
  EXPECT_EQ(initializers_of(bytes), Names{"y_1"});
  EXPECT_EQ(load_bytes(bytes).code, 0);
}

TEST(OnnxWriter, OutputsKeepTheirNames) {
  // y = Identity(r): the Identity goes, and Relu's result takes the name of the output.
  const Wire graph = Wire()
                         .message(1, node("Relu", {"x"}, {"r"}))
                         .message(1, node("Neg", {"r"}, {"n"}))
                         .message(1, node("Identity", {"r"}, {"y"}))
                         .message(11, value_info("x", {2}))
                         .message(12, value_info("y", {2}))
                         .message(12, value_info("n", {2}));
  LoadedModel loaded = load(model(graph).bytes());
  Patch patch(loaded.graph);
  patch.replace_uses(value(loaded.graph, "y"), value(loaded.graph, "r"));
  patch.remove_node(2);
  patch.apply(loaded.graph);
  loaded.graph.link();
  const std::string bytes = written(loaded);
  EXPECT_EQ(ops_of(bytes), (Names{"Relu", "Neg"}));
  EXPECT_EQ(one_of(all_of(graph_of(bytes), 1)[1], 1), "y");
  EXPECT_EQ(load_bytes(bytes).code, 0);
}

TEST(OnnxWriter, AnOutputThatIsAnInputGetsAnIdentity) {
  const Wire graph = Wire()
                         .message(1, node("Identity", {"x"}, {"y"}))
                         .message(11, value_info("x", {2}))
                         .message(12, value_info("y", {2}));
  LoadedModel loaded = load(model(graph).bytes());
  Patch patch(loaded.graph);
  patch.replace_uses(value(loaded.graph, "y"), value(loaded.graph, "x"));
  patch.remove_node(0);
  patch.apply(loaded.graph);
  loaded.graph.link();
  const std::string bytes = written(loaded);
  EXPECT_EQ(ops_of(bytes), Names{"Identity"});
  EXPECT_EQ(load_bytes(bytes).code, 0);
}

TEST(OnnxWriter, UpgradedNodesAreWrittenAsTheyWere) {
  const auto ints = [](const char* name, std::int64_t value) {
    return Wire().text(1, name).varint(8, static_cast<std::uint64_t>(value)).varint(20, 7);
  };
  const Wire slice = node("Slice", {"s"}, {"y"}, {ints("starts", 0), ints("ends", 1)});
  const Wire graph = Wire()
                         .message(1, node("Softmax", {"r"}, {"s"}))
                         .message(1, slice)
                         .message(1, node("Relu", {"x"}, {"r"}))  // not sorted either
                         .message(11, value_info("x", {2}))
                         .message(12, value_info("y", {1}));
  LoadedModel loaded = load(model(graph, 9).bytes());
  EXPECT_EQ(loaded.graph.nodes[1].inputs.size(), 3u);
  Patch patch(loaded.graph);
  patch.set_input(1, 0, value(loaded.graph, "r"));  // past the Softmax
  patch.remove_node(0);
  patch.apply(loaded.graph);
  loaded.graph.link();
  const std::string bytes = written(loaded);
  EXPECT_EQ(ops_of(bytes), (Names{"Relu", "Slice"}));
  EXPECT_TRUE(initializers_of(bytes).empty());
  const std::string after = all_of(graph_of(bytes), 1)[1];
  EXPECT_EQ(all_of(after, 1), Names{"r"});
  EXPECT_EQ(all_of(after, 5), all_of(slice.bytes(), 5));
}

TEST(OnnxWriter, OldModelsListNewInitializersAsInputs) {
  const Wire graph = Wire()
                         .message(1, node("Mul", {"x", "w"}, {"y"}))
                         .message(5, float_tensor("w", {2}, {1, 2}))
                         .message(11, value_info("x", {2}))
                         .message(11, value_info("w", {2}))
                         .message(12, value_info("y", {2}));
  LoadedModel loaded = load(model(graph, 9, 3).bytes());
  EXPECT_FALSE(loaded.graph.values[value(loaded.graph, "w")].overridable);
  Patch patch(loaded.graph);
  patch.set_input(0, 1, patch.add_constant("w2", make_tensor<float>({2}, {3, 4})));
  patch.apply(loaded.graph);
  loaded.graph.link();
  const std::string bytes = written(loaded);
  EXPECT_EQ(names_in(graph_of(bytes), 11, 1), (Names{"x", "w2"}));
  EXPECT_EQ(initializers_of(bytes), Names{"w2"});
}

TEST(OnnxWriter, ConstantsCanBeReplacedInPlace) {
  const Wire constant =
      node("Constant", {}, {"c"},
           {Wire().text(1, "value_floats").fixed32(7, 1).fixed32(7, 2).varint(20, 6)});
  const Wire indices = tensor("", {1}, 7).text(7, "\x01");
  const Wire sparse =
      Wire().message(1, float_tensor("s", {1}, {5})).message(2, indices).varint(3, 2);
  const Wire graph = Wire()
                         .message(1, constant)
                         .message(1, node("Sum", {"x", "w", "c", "s"}, {"y"}))
                         .message(5, float_tensor("w", {2}, {1, 2}).text(12, "doc"))
                         .message(11, value_info("x", {2}))
                         .message(12, value_info("y", {2}))
                         .message(15, sparse);
  LoadedModel loaded = load(model(graph).bytes());
  Patch patch(loaded.graph);
  const auto replacement = std::make_shared<const Tensor>(make_tensor<float>({2}, {8, 9}));
  for (const char* name : {"w", "c", "s"})
    patch.set_constant(value(loaded.graph, name), replacement);
  patch.apply(loaded.graph);
  const std::string bytes = written(loaded);
  EXPECT_EQ(initializers_of(bytes), (Names{"w", "s"}));
  EXPECT_EQ(one_of(all_of(graph_of(bytes), 5)[0], 12), "doc");
  const LoadedModel again = load(bytes);
  for (const char* name : {"w", "c", "s"})
    EXPECT_EQ(again.graph.values[value(again.graph, name)].constant->data_as<float>()[0], 8)
        << name;
}

TEST(OnnxWriter, PatchesInSubgraphsAreWritten) {
  const Wire branch = Wire()
                          .message(1, node("Mul", {"x", "w"}, {"m"}))
                          .message(1, node("Add", {"m", "x"}, {"r"}))
                          .message(5, float_tensor("w", {2}, {1, 2}))
                          .message(12, value_info("r", {2}));
  const Wire attribute = Wire().text(1, "then_branch").message(6, branch).varint(20, 5);
  const Wire graph = Wire()
                         .message(1, node("If", {"c"}, {"y"}, {attribute}))
                         .message(11, value_info("c", {}, 9))
                         .message(11, value_info("x", {2}))
                         .message(12, value_info("y", {2}));
  LoadedModel loaded = load(model(graph).bytes());
  Graph& inner =
      *std::get<std::shared_ptr<Graph>>(loaded.graph.nodes[0].attributes.at("then_branch"));
  Patch patch(inner);
  // The name is one of the main graph: a subgraph must not shadow it.
  patch.set_input(0, 1, patch.add_constant("c", make_tensor<float>({2}, {3, 4})));
  patch.apply(inner);
  inner.link();
  const std::string bytes = written(loaded);
  const std::string after = one_of(one_of(one_of(graph_of(bytes), 1), 5), 6);
  EXPECT_EQ(names_in(after, 5, 8), Names{"c_2"});
  EXPECT_EQ(all_of(all_of(after, 1)[0], 1), (Names{"x", "c_2"}));
  EXPECT_EQ(load_bytes(bytes).code, 0);
}

// F(a, w) = Relu(a * w), called twice.
std::string function_model() {
  const Wire function = Wire()
                            .text(1, "F")
                            .text(4, "a")
                            .text(4, "w")
                            .text(5, "b")
                            .message(7, node("Mul", {"a", "w"}, {"t"}))
                            .message(7, node("Relu", {"t"}, {"b"}))
                            .message(9, opset("", 17))
                            .text(10, "local");
  const Wire graph = Wire()
                         .message(1, node("F", {"x", "w"}, {"m"}, {}, "local").text(3, "first"))
                         .message(1, node("F", {"m", "w"}, {"y"}, {}, "local").text(3, "second"))
                         .message(5, float_tensor("w", {2}, {1, 2}))
                         .message(11, value_info("x", {2}))
                         .message(12, value_info("y", {2}));
  return model(graph).message(8, opset("local", 1)).message(25, function).bytes();
}

TEST(OnnxWriter, OnlyTouchedCallsAreTakenApart) {
  LoadedModel loaded = load(function_model());
  ASSERT_EQ(loaded.graph.nodes.size(), 4u);
  {
    LoadedModel same = load(function_model());
    EXPECT_EQ(ops_of(written(same)), (Names{"F", "F"}));
  }
  Patch patch(loaded.graph);
  patch.set_input(2, 1, patch.add_constant("w2", make_tensor<float>({2}, {3, 4})));
  patch.apply(loaded.graph);
  loaded.graph.link();
  const std::string bytes = written(loaded);
  EXPECT_EQ(ops_of(bytes), (Names{"F", "Mul", "Relu"}));
  EXPECT_EQ(all_of(bytes, 25).size(), 1u);
  EXPECT_EQ(load_bytes(bytes).code, 0);

  LoadedModel both = load(function_model());
  Patch patches(both.graph);
  const ValueId w2 = patches.add_constant("w2", make_tensor<float>({2}, {3, 4}));
  patches.set_input(0, 1, w2);
  patches.set_input(2, 1, w2);
  patches.apply(both.graph);
  both.graph.link();
  const std::string apart = written(both);
  EXPECT_EQ(ops_of(apart), (Names{"Mul", "Relu", "Mul", "Relu"}));
  EXPECT_TRUE(all_of(apart, 25).empty());
  EXPECT_EQ(initializers_of(apart), Names{"w2"});
}

TEST(OnnxWriter, OpsetSixSaysItsBroadcast) {
  const Wire graph = Wire()
                         .message(1, node("Relu", {"x"}, {"y"}))
                         .message(11, value_info("x", {2, 3, 4}))
                         .message(12, value_info("y", {2, 3, 4}));
  LoadedModel loaded = load(model(graph, 6, 3).bytes());
  loaded.graph.values[value(loaded.graph, "y")].type = loaded.graph.values[0].type;
  Patch patch(loaded.graph);
  const ValueId t = patch.add_constant("t", make_tensor<float>({3, 1}, {1, 2, 3}));
  const ValueId sum = patch.add_value("sum", {});
  Node add;
  add.op_type = "Add";
  add.inputs = {value(loaded.graph, "x"), t};
  add.outputs = {sum};
  patch.add_node(add);
  patch.set_input(0, 0, sum);
  patch.apply(loaded.graph);
  loaded.graph.link();
  const std::string bytes = written(loaded);
  const LoadedModel again = load(bytes);
  const Node& read = again.graph.nodes[0];
  EXPECT_EQ(read.op_type, "Add");
  EXPECT_EQ(read.int_or("axis", -1), 1);
  EXPECT_EQ(again.graph.values[read.inputs[1]].constant->shape(), Shape{3});
}

TEST(OnnxWriter, ExternalDataIsKeptInPlaceAndCarriedElsewhere) {
  const TempFolder here, elsewhere;
  const float weights[] = {1, 2};
  here.write("w.bin", {reinterpret_cast<const char*>(weights), sizeof weights});
  const Wire w = tensor("w", {2}, 1).varint(14, 1).message(13, entry("location", "w.bin"));
  const std::string path = here.write("m.onnx", model(add_graph(w)).bytes());
  LoadedModel first = read_model(path, {}, Purpose::Write);
  write_model(first, first.graph, path);  // over itself
  EXPECT_NE(read_file(path).find("w.bin"), std::string::npos);
  LoadedModel second = read_model(path, {}, Purpose::Write);
  write_model(second, second.graph, elsewhere.file("m.onnx"));
  EXPECT_EQ(read_file(elsewhere.file("m.onnx")).find("w.bin"), std::string::npos);
  EXPECT_EQ(load_path(elsewhere.file("m.onnx")).code, 0);
}

// Written to another folder, large weights go to a file beside the model again.
TEST(OnnxWriter, ExternalDataStaysExternalElsewhere) {
  const TempFolder here, elsewhere;
  const std::vector<float> weights(1000, 1.25F);
  here.write("w.bin", {reinterpret_cast<const char*>(weights.data()), 4000});
  const Wire w = tensor("w", {1000}, 1).varint(14, 1).message(13, entry("location", "w.bin"));
  const std::string path = here.write("m.onnx", model(add_graph(w)).bytes());
  LoadedModel loaded = read_model(path, {}, Purpose::Write);
  write_model(loaded, loaded.graph, elsewhere.file("m.onnx"));
  EXPECT_EQ(elsewhere.count(), 2u);
  EXPECT_EQ(read_file(elsewhere.file("m.onnx.data")), read_file(here.file("w.bin")));
  const LoadedModel read = read_model(elsewhere.file("m.onnx"));
  EXPECT_EQ(read.graph.values[value(read.graph, "w")].constant->data_as<float>()[999], 1.25F);
}

TEST(OnnxWriter, LargeInitializersCanGoToAFile) {
  const TempFolder folder;
  std::vector<float> values(1000, 1.25F);
  const std::string bytes = model(add_graph(float_tensor("w", {1000}, values))).bytes();
  for (int round = 0; round < 2; ++round) {
    LoadedModel loaded = load(bytes);
    WriteOptions options;
    options.external_data = true;
    {
      PendingModel given_up(loaded, loaded.graph, folder.file("m.onnx"), options);
      EXPECT_EQ(load_path(given_up.temporary()).code, 0);
    }
    LoadedModel again = load(bytes);
    const std::size_t before = folder.count();
    write_model(again, again.graph, folder.file("m.onnx"), options);
    EXPECT_EQ(folder.count(), before + (round == 0 ? 2 : 1));
    const LoadedModel read = read_model(folder.file("m.onnx"));
    EXPECT_EQ(read.graph.values[value(read.graph, "w")].constant->data_as<float>()[999], 1.25F);
  }
}

TEST(OnnxWriter, FailuresLeaveNothingBehind) {
  const TempFolder folder;
  const auto write = [&](const std::string& path) {
    LoadedModel loaded = load(rich_model());
    return outcome_of([&] { write_model(loaded, loaded.graph, path); }).code;
  };
  EXPECT_EQ(write(folder.file("")), 7);
  EXPECT_EQ(write(folder.file("none/m.onnx")), 7);
  EXPECT_EQ(write(""), 7);
  mkfifo(folder.file("fifo").c_str(), 0600);
  EXPECT_EQ(write(folder.file("fifo")), 7);
  EXPECT_EQ(folder.count(), 1u);
  // A full disk: the old file stays, the temporary one goes.
  const std::string path = folder.write("m.onnx", "old");
  struct rlimit unlimited = {};
  getrlimit(RLIMIT_FSIZE, &unlimited);
  struct rlimit small = {100, unlimited.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const int code = write(path);
  setrlimit(RLIMIT_FSIZE, &unlimited);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(code, 7);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(folder.count(), 2u);
}

TEST(OnnxWriter, KeepsModeAndFollowsLinks) {
  const TempFolder folder;
  const std::string path = folder.write("m.onnx", "old");
  chmod(path.c_str(), 0640);
  std::filesystem::create_symlink("m.onnx", folder.file("link.onnx"));
  LoadedModel loaded = load(rich_model());
  write_model(loaded, loaded.graph, folder.file("link.onnx"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder.file("link.onnx")));
  struct stat status = {};
  stat(path.c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  EXPECT_EQ(load_path(path).code, 0);
}

}  // namespace
}  // namespace keel
