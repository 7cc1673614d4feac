// The catalogue of broken graphs, attributes and names, and what must work although it looks odd.
#include <gtest/gtest.h>
#include <pthread.h>

#include <chrono>

#include "tests/loaders/model_wire.h"
#include "tests/loaders/outcome.h"

namespace keel {
namespace {

using namespace test;

// x -> nodes -> y, with more fields of the graph if wanted.
Wire graph_of(const std::vector<Wire>& nodes, const Wire& more = {}) {
  Wire graph;
  for (const Wire& one : nodes) graph.message(1, one);
  return graph.message(11, value_info("x", {2}))
      .message(12, value_info("y", {2}))
      .raw(more.bytes());
}

Outcome load(const std::vector<Wire>& nodes, const Wire& more = {}) {
  return load_bytes(model(graph_of(nodes, more)).bytes());
}

Wire attribute(const std::string& name, int type) {
  return Wire().text(1, name).varint(20, static_cast<std::uint64_t>(type));
}

Wire branch(const Wire& graph) { return attribute("then_branch", 5).message(6, graph); }

TEST(GraphCatalogue, Graphs) {
  const Wire relu = node("Relu", {"x"}, {"y"});
  const Wire inner = Wire().message(1, node("Neg", {"x"}, {"n"})).message(12, value_info("n", {2}));
  const auto inner_named = [](const std::string& name) {
    return Wire().message(1, node("Neg", {"x"}, {name})).message(12, value_info(name, {2}));
  };
  const Wire inner_input = Wire().message(11, value_info("x", {2}));
  const Wire inner_initializer = Wire().message(5, float_tensor("x", {1}, {1}));
  const struct {
    const char* what;
    Outcome outcome;
    int code;
  } rows[] = {
      {"good", load({relu}), 0},
      {"self-loop", load({node("Add", {"x", "y"}, {"y"})}), 3},
      {"cycle of three",
       load({node("Add", {"x", "c"}, {"a"}), node("Neg", {"a"}, {"b"}), node("Neg", {"b"}, {"c"}),
             relu}),
       3},
      {"cycle through a subgraph",
       load({node("If", {"x"}, {"y"},
                  {branch(inner_named("q").message(1, node("Neg", {"y"}, {"p"})))})}),
       3},
      {"output twice", load({relu}, Wire().message(12, value_info("y", {2}))), 3},
      {"input twice", load({relu}, Wire().message(11, value_info("x", {2}))), 3},
      {"nameless input", load({relu}, Wire().message(11, value_info("", {2}))), 3},
      {"nameless output", load({relu}, Wire().message(12, value_info("", {2}))), 3},
      {"nameless initializer", load({relu}, Wire().message(5, float_tensor("", {1}, {1}))), 3},
      {"undefined output", load({relu}, Wire().message(12, value_info("z", {2}))), 3},
      {"output is an input", load({relu}, Wire().message(12, value_info("x", {2}))), 0},
      {"two outputs of one name", load({node("Split", {"x"}, {"y", "y"})}), 3},
      {"input and initializer differ",
       load({relu}, Wire().message(5, tensor("x", {1}, 7).text(7, "\x01"))), 3},
      {"subgraph", load({node("If", {"x"}, {"y"}, {branch(inner)})}), 0},
      {"undefined in a subgraph",
       load({node("If", {"x"}, {"y"}, {branch(Wire().message(1, node("Neg", {"u"}, {"n"})))})}), 3},
      {"shadowed by an output", load({relu, node("If", {"x"}, {"z"}, {branch(inner_named("x"))})}),
       3},
      {"shadowing a later output",
       load({node("If", {"x"}, {"z"}, {branch(inner_named("y"))}), relu}), 3},
      {"shadowed by an input", load({relu, node("Loop", {"x"}, {"z"}, {branch(inner_input)})}), 3},
      {"shadowed by an initializer",
       load({relu, node("If", {"x"}, {"z"}, {branch(inner_initializer)})}), 3},
      {"the same names in two branches",
       load({node("If", {"x"}, {"y"},
                  {branch(inner), attribute("else_branch", 5).message(6, inner)})}),
       0},
      {"operator set of the default domain missing",
       load_bytes(
           Wire().varint(1, 8).message(7, graph_of({relu})).message(8, opset("a", 1)).bytes()),
       3},
      {"no operator set", load_bytes(Wire().varint(1, 8).message(7, graph_of({relu})).bytes()), 3},
      {"two versions", load_bytes(model(graph_of({relu})).message(8, opset("", 9)).bytes()), 3},
      {"two spellings", load_bytes(model(graph_of({relu})).message(8, opset("ai.onnx", 9)).bytes()),
       3},
      {"one version twice", load_bytes(model(graph_of({relu})).message(8, opset("", 17)).bytes()),
       0},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(row.outcome.code, row.code) << row.what << ": " << row.outcome;
    EXPECT_TRUE(row.code == 0 || is_one_line(row.outcome)) << row.what << ": " << row.outcome;
  }
}

TEST(GraphCatalogue, Attributes) {
  const auto with = [](const std::vector<Wire>& attributes) {
    return load({node("LeakyRelu", {"x"}, {"y"}, attributes)});
  };
  const Wire alpha = attribute("alpha", 1).fixed32(2, 0.5F);
  const struct {
    const char* what;
    Outcome outcome;
    int code;
  } rows[] = {
      {"good", with({alpha}), 0},
      {"given twice", with({alpha, alpha}), 3},
      {"value of another type", with({attribute("alpha", 2).fixed32(2, 0.5F)}), 3},
      {"two values", with({attribute("alpha", 1).fixed32(2, 0.5F).varint(3, 1)}), 3},
      {"no type", with({Wire().text(1, "alpha").fixed32(2, 0.5F)}), 0},
      {"no type and no value", with({Wire().text(1, "alpha")}), 3},
      {"no type and two values", with({Wire().text(1, "alpha").fixed32(2, 1).varint(3, 1)}), 3},
      {"unknown type", with({attribute("alpha", 99)}), 3},
      {"a tensor that is none", with({attribute("alpha", 4)}), 3},
      {"a broken tensor", with({attribute("alpha", 4).message(5, tensor("", {2}, 1))}), 3},
      {"a reference outside a function", with({attribute("alpha", 1).text(21, "a")}), 3},
      {"empty list", with({attribute("values", 7)}), 0},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(row.outcome.code, row.code) << row.what << ": " << row.outcome;
    if (row.code == 0) continue;
    EXPECT_TRUE(is_one_line(row.outcome)) << row.outcome;
    for (const char* part : {"node 'LeakyRelu_0' (LeakyRelu)", "attribute '"})
      EXPECT_NE(row.outcome.message.find(part), std::string::npos) << row.outcome;
  }
}

TEST(GraphCatalogue, NamesAreShownSafely) {
  for (const std::string& name :
       {std::string("\x1b[2J\x07"), std::string("a\nb"), std::string("\xff\xfe\x80"),
        std::string("\xC2\x9B"), std::string("nul\0nul", 7), std::string(1 << 20, 'n')}) {
    const Outcome undefined = load({node("Relu", {name}, {"y"}, {}, "", name)});
    EXPECT_EQ(undefined.code, 3);
    EXPECT_TRUE(is_one_line(undefined)) << undefined;
    EXPECT_LT(undefined.message.size(), 1000u);
    // As names they are as good as any.
    EXPECT_EQ(load({node("Relu", {"x"}, {name}, {}, "", name), node("Neg", {name}, {"y"})}).code,
              name.empty() ? 3 : 0);
    LoadedModel unknown;
    const std::string bytes = model(graph_of({node(name, {"x"}, {"y"}, {}, name)})).bytes();
    unknown = read_model(bytes.data(), bytes.size());
    const Outcome outcome = outcome_of([&] { require_supported(unknown); });
    EXPECT_EQ(outcome.code, 4);
    EXPECT_TRUE(is_one_line(outcome)) << outcome;
  }
}

// n Relus in a row.
std::string chain(int n) {
  Wire graph;
  for (int i = 0; i < n; ++i) {
    const std::string from = i == 0 ? "x" : "v" + std::to_string(i);
    const std::string to = i == n - 1 ? "y" : "v" + std::to_string(i + 1);
    graph.message(1, node("Relu", {from}, {to}));
  }
  return model(graph.message(11, value_info("x", {2})).message(12, value_info("y", {2}))).bytes();
}

TEST(GraphCatalogue, AMillionNodesInAChain) {
  const std::string bytes = chain(1'000'000);
  const auto start = std::chrono::steady_clock::now();
  const LoadedModel loaded = read_model(bytes.data(), bytes.size());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(loaded.graph.order.size(), 1'000'000u);
  RecordProperty("seconds", std::to_string(seconds.count()));
  EXPECT_EQ(load_bytes(chain(1'000'001)).code, 6);
}

// Subgraphs as deep as allowed, each node naming the outermost input.
std::string deep_model() {
  Wire graph = Wire().message(1, node("Neg", {"x"}, {"r31"})).message(12, value_info("r31", {2}));
  for (int i = 30; i >= -1; --i) {
    const std::string name = i < 0 ? "y" : "r" + std::to_string(i);
    graph = Wire().message(1, node("If", {"x"}, {name}, {branch(graph)}));
    graph.message(12, value_info(name, {2}));
  }
  return model(graph.message(11, value_info("x", {2}))).bytes();
}

void* load_deep(void* code) {
  *static_cast<int*>(code) = load_bytes(deep_model()).code;
  return nullptr;
}

TEST(GraphCatalogue, DeepModelsLoadOnSmallStacks) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::size_t kStack = 4 << 20;  // instrumented frames are several times as large
#else
  constexpr std::size_t kStack = 256 << 10;
#endif
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_t thread;
  int code = -1;
  ASSERT_EQ(pthread_create(&thread, &attributes, load_deep, &code), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  EXPECT_EQ(code, 0);
}

TEST(GraphCatalogue, OverridableInitializers) {
  const auto flags = [](std::int64_t ir) {
    const Wire graph = graph_of(
        {node("Add", {"x", "w"}, {"y"})},
        Wire().message(5, float_tensor("w", {2}, {1, 2})).message(11, value_info("w", {2})));
    const std::string bytes = model(graph, 9, ir).bytes();
    const Graph read = std::move(read_model(bytes.data(), bytes.size()).graph);
    int overridable = 0;
    for (const Value& value : read.values) overridable += value.overridable;
    return std::make_pair(overridable, read.inputs.size());
  };
  EXPECT_EQ(flags(3), std::make_pair(0, std::size_t{1}));  // had to be listed
  EXPECT_EQ(flags(4), std::make_pair(1, std::size_t{2}));
}

}  // namespace
}  // namespace keel
