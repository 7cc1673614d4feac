// The public promises of Model and Session: reuse, concurrency, cancellation, memory, errors.
#include "runtime/model.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "runtime/error.h"
#include "tests/support/compare.h"
#include "tests/support/model_builder.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

// x [N, 8, size, size] -> `layers` of Conv 3x3 and Relu -> y
ModelBuilder convolutions(int layers = 2, std::int64_t size = 16) {
  Random random(1);
  ModelBuilder m;
  m.input("x", Sizes{"N", 8, size, size});
  std::string value = "x";
  for (int i = 0; i < layers; ++i) {
    const std::string id = std::to_string(i);
    m.constant("w" + id, random_tensor(random, DataType::Float, {8, 8, 3, 3}, -0.3, 0.3));
    m.node("Conv", {value, "w" + id}, {"c" + id}, {{"pads", Ints{1, 1, 1, 1}}});
    value = i + 1 == layers ? "y" : "r" + id;
    m.node("Relu", {"c" + id}, {value});
  }
  return m.output("y");
}

Tensor image(std::int64_t batch, std::uint64_t seed, std::int64_t size = 16) {
  Random random(seed);
  return random_tensor(random, DataType::Float, {batch, 8, size, size});
}

Model build(const ModelBuilder& builder, const Options& options = {}) {
  return Model(build_model(builder.graph(), options));
}

template <typename F>
ErrorCode code_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::Internal;
}

TEST(Model, SaysWhatItTakesAndGives) {
  const Model model = build(convolutions());
  ASSERT_EQ(model.inputs().size(), 1u);
  const ValueInfo& x = model.inputs()[0];
  EXPECT_EQ(x.name, "x");
  EXPECT_EQ(x.type, DataType::Float);
  ASSERT_EQ(x.dims.size(), 4u);
  EXPECT_EQ(x.dims[0].name, "N");
  EXPECT_EQ(x.dims[1].size, 8);
  ASSERT_EQ(model.outputs().size(), 1u);
  EXPECT_EQ(model.outputs()[0].name, "y");
}

TEST(Model, RefusesInputsThatDoNotFit) {
  const Model model = build(convolutions());
  const Tensor good = image(1, 1);
  const NamedTensors rows[] = {
      {},                                                // missing
      {{"x", good}, {"z", good}},                        // unknown
      {{"x", Tensor(DataType::Double, good.shape())}},   // type
      {{"x", Tensor(DataType::Float, {1, 8, 16})}},      // rank
      {{"x", Tensor(DataType::Float, {1, 7, 16, 16})}},  // dim
      {{"x", Tensor()}},                                 // no tensor at all
  };
  for (const NamedTensors& row : rows)
    EXPECT_EQ(code_of([&] { model.run(row); }), ErrorCode::BadInput);
  EXPECT_EQ(code_of([&] { model.run({{"x", good}}, {"nothing"}); }), ErrorCode::BadInput);
  NamedTensors outputs;
  const Status status = try_run(model, {}, outputs);
  EXPECT_FALSE(status.ok);
  EXPECT_EQ(status.code, ErrorCode::BadInput);
  EXPECT_EQ(model.run({{"x", good}}).size(), 1u);  // still usable
}

TEST(Model, GivesTheOutputsAskedFor) {
  ModelBuilder m = convolutions();
  const Model model = build(m.output("c0"));
  EXPECT_EQ(model.run({{"x", image(1, 1)}}).size(), 2u);
  const NamedTensors one = model.run({{"x", image(1, 1)}}, {"c0"});
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one.count("c0"), 1u);
}

TEST(Model, ResultsStayWhenTheModelRunsAgain) {
  const Model model = build(convolutions());
  const NamedTensors first = model.run({{"x", image(1, 1)}});
  Tensor copy(DataType::Float, first.at("y").shape());
  std::copy_n(first.at("y").data_as<float>(), copy.size(), copy.data_as<float>());
  for (std::uint64_t seed = 2; seed < 6; ++seed) model.run({{"x", image(1, seed)}});
  EXPECT_EQ(bit_difference(first.at("y"), copy), "");
}

TEST(Model, RunsOnManyThreadsAtOnce) {
  Options options;
  options.threads = 2;
  const Model model = build(convolutions(), options);
  std::vector<NamedTensors> inputs, expected;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    inputs.push_back({{"x", image(static_cast<std::int64_t>(seed % 3) + 1, seed)}});
    expected.push_back(model.run(inputs.back()));
  }
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 200; ++i) {
        const std::size_t which = (i + static_cast<std::size_t>(t)) % inputs.size();
        const NamedTensors actual = model.run(inputs[which]);
        if (!bit_difference(actual.at("y"), expected[which].at("y")).empty()) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Model, OutlivesNothingItNeeds) {
  // A session keeps its model alive.
  Session session = build(convolutions()).session();
  const Tensor x = image(1, 1);
  session.bind_input("x", x);
  session.run();
  EXPECT_EQ(session.output("y").shape(), (Shape{1, 8, 16, 16}));
}

TEST(Model, CanBeDestroyedWhileItRuns) {
  auto model = std::make_unique<Model>(build(convolutions(6, 32)));
  Session session = model->session();
  const Tensor x = image(2, 1, 32);
  session.bind_input("x", x);
  std::thread thread([&] { session.run(); });
  model.reset();
  thread.join();
  EXPECT_EQ(session.output("y").shape(), (Shape{2, 8, 32, 32}));
}

TEST(Session, ReusesItsMemory) {
  const Model model = build(convolutions());
  Session session = model.session();
  const Tensor x = image(1, 1);
  session.bind_input("x", x);
  session.run();
  const void* place = session.output("y").data();
  for (int i = 0; i < 3; ++i) session.run();
  EXPECT_EQ(session.output("y").data(), place);
  EXPECT_EQ(bit_difference(session.output("y"), model.run({{"x", x}}).at("y")), "");
}

TEST(Session, WritesWhereItIsTold) {
  const Model model = build(convolutions());
  Session session = model.session();
  const Tensor x = image(1, 1);
  Tensor y(DataType::Float, {1, 8, 16, 16});
  session.bind_input("x", x);
  session.bind_output("y", y);
  session.run();
  EXPECT_EQ(session.output("y").data(), y.data());
  EXPECT_EQ(bit_difference(y, model.run({{"x", x}}).at("y")), "");
  session.bind_output("y", Tensor(DataType::Float, {1, 8, 16, 15}));
  EXPECT_EQ(code_of([&] { session.run(); }), ErrorCode::BadInput);
  session.bind_output("y", Tensor(DataType::Double, {1, 8, 16, 16}));
  EXPECT_EQ(code_of([&] { session.run(); }), ErrorCode::BadInput);
}

TEST(Session, FollowsNewShapes) {
  const Model model = build(convolutions());
  Session session = model.session();
  for (const std::int64_t batch : {1, 3, 2, 1}) {
    const Tensor x = image(batch, static_cast<std::uint64_t>(batch));
    session.bind_input("x", x);
    session.run();
    EXPECT_EQ(bit_difference(session.output("y"), model.run({{"x", x}}).at("y")), "");
  }
}

TEST(Session, MustHaveItsInputs) {
  Session session = build(convolutions()).session();
  EXPECT_EQ(code_of([&] { session.run(); }), ErrorCode::BadInput);
  EXPECT_EQ(code_of([&] { session.bind_input("z", image(1, 1)); }), ErrorCode::BadInput);
  EXPECT_EQ(code_of([&] { session.bind_output("z", image(1, 1)); }), ErrorCode::BadInput);
}

TEST(Cancellation, StopsARunAndLeavesTheModelUsable) {
  const Model model = build(convolutions(20, 64));
  const NamedTensors inputs = {{"x", image(2, 1, 64)}};
  RunOptions stopped, late, free;
  stopped.stop = [] { return true; };
  late.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  free.stop = [] { return false; };
  const NamedTensors expected = model.run(inputs);
  EXPECT_EQ(code_of([&] { model.run(inputs, {}, stopped); }), ErrorCode::Cancelled);
  EXPECT_EQ(code_of([&] { model.run(inputs, {}, late); }), ErrorCode::Cancelled);
  EXPECT_EQ(bit_difference(model.run(inputs, {}, free).at("y"), expected.at("y")), "");
}

TEST(Cancellation, HappensWithinARun) {
  const Model model = build(convolutions(20, 64));
  const NamedTensors inputs = {{"x", image(2, 1, 64)}};
  std::atomic<int> polls{0};
  RunOptions options;
  options.stop = [&] { return ++polls > 10; };
  EXPECT_EQ(code_of([&] { model.run(inputs, {}, options); }), ErrorCode::Cancelled);
  EXPECT_LT(polls, 1000);
}

TEST(Memory, IsRefusedBeforeItIsTaken) {
  const ModelBuilder builder = convolutions(4, 64);
  const NamedTensors inputs = {{"x", image(2, 1, 64)}};
  const std::map<std::string, Shape> shapes = {{"x", {2, 8, 64, 64}}};
  Options options;
  options.threads = 2;
  const std::size_t needed = build(builder, options).required_bytes(shapes);
  EXPECT_GE(needed, std::size_t{2 * 8 * 64 * 64 * 4});
  options.max_memory = needed;
  EXPECT_NO_THROW(build(builder, options).run(inputs));
  options.max_memory = needed - 1;
  EXPECT_EQ(code_of([&] { build(builder, options).run(inputs); }), ErrorCode::ResourceLimit);
}

TEST(Memory, OfPlansIsBounded) {
  Options options;
  options.plan_cache = 2;
  const Model model = build(convolutions(), options);
  for (std::int64_t batch = 1; batch < 40; ++batch) {
    model.run({{"x", image(batch, 1)}});
    ASSERT_LE(model.state().plans.size(), 2u);
  }
}

TEST(Options, AreChecked) {
  Options options;
  options.isa = "avx1024";
  EXPECT_EQ(code_of([&] { build(convolutions(), options); }), ErrorCode::Usage);
  options = {};
  options.threads = -1;
  EXPECT_EQ(code_of([&] { build(convolutions(), options); }), ErrorCode::Usage);
  options = {};
  options.dims["M"] = 1;  // the model has only N
  EXPECT_EQ(code_of([&] { build(convolutions(), options); }), ErrorCode::Usage);
  options.dims = {{"N", 2}};
  const Model model = build(convolutions(), options);
  EXPECT_EQ(model.inputs()[0].dims[0].size, 2);
  EXPECT_EQ(code_of([&] { model.run({{"x", image(1, 1)}}); }), ErrorCode::BadInput);
}

TEST(Model, CarriesStringsFromNodeToNode) {
  ModelBuilder m;
  const Sizes shape = {2, 3};
  m.input("x", shape, DataType::String);
  m.constant("flat", make_tensor<std::int64_t>({1}, {6}));
  m.node("Transpose", {"x"}, {"t"}).node("Concat", {"t", "t"}, {"c"}, {{"axis", std::int64_t{1}}});
  m.node("Identity", {"c"}, {"i"}).node("Transpose", {"i"}, {"u"}).output("u");
  m.node("Reshape", {"x", "flat"}, {"r"}).output("r");
  const std::string text = "a text that does not fit into the object";
  const Tensor x = make_tensor<std::string>({2, 3}, {"a", text, "c", "d", "e", text});
  for (const OptLevel opt : {OptLevel::None, OptLevel::Full}) {
    Options options;
    options.opt = opt;
    const Model model = build(m, options);
    for (int run = 0; run < 3; ++run) {
      const NamedTensors results = model.run({{"x", x}});
      EXPECT_EQ(difference(results.at("r"),
                           make_tensor<std::string>({6}, {"a", text, "c", "d", "e", text})),
                "");
      EXPECT_EQ(difference(results.at("u"),
                           make_tensor<std::string>({4, 3}, {"a", text, "c", "d", "e", text, "a",
                                                             text, "c", "d", "e", text})),
                "");
    }
  }
}

}  // namespace
}  // namespace keel::test
