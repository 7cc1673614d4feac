#include "tests/support/operator_check.h"

#include <gtest/gtest.h>

#include "runtime/error.h"
#include "runtime/model.h"
#include "runtime/op.h"
#include "simd/dispatch.h"
#include "tests/oracle/oracle.h"
#include "tests/support/compare.h"
#include "tests/support/instruction_sets.h"

namespace keel::test {
namespace {

using Named = std::map<std::string, Tensor>;

std::string input_name(std::size_t i) { return str("x", i); }
std::string output_name(std::size_t i) { return str("y", i); }

Graph one_node(const std::string& op, const std::vector<Tensor>& inputs,
               const Attributes& attributes, int outputs, std::size_t constants_from) {
  ModelBuilder builder;
  Strings in, out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    in.push_back(inputs[i].empty() ? "" : input_name(i));
    if (inputs[i].empty()) continue;
    if (i >= constants_from) {
      builder.constant(in.back(), inputs[i]);
    } else {
      const Shape& shape = inputs[i].shape();
      builder.input(in.back(), Sizes(shape.begin(), shape.end()), inputs[i].type());
    }
  }
  for (int i = 0; i < outputs; ++i) {
    out.push_back(output_name(static_cast<std::size_t>(i)));
    builder.output(out.back());
  }
  return builder.node(op, in, out, attributes).graph();
}

void expect_close(const Named& actual, const Named& expected, double tolerance) {
  for (const auto& [name, want] : expected) {
    const auto got = actual.find(name);
    if (got == actual.end()) {
      ADD_FAILURE() << "no output " << name;
      continue;
    }
    const double allowed = tolerance > 0 ? tolerance : default_nme(got->second.type());
    EXPECT_EQ(nme_difference(got->second, want, allowed), "") << "output " << name;
  }
}

// Types are those of rounded evaluation, values those of exact evaluation.
void expect_types(const Named& actual, const Named& rounded) {
  for (const auto& [name, want] : rounded) {
    const auto got = actual.find(name);
    if (got == actual.end()) continue;
    EXPECT_EQ(data_type_name(got->second.type()), data_type_name(want.type()));
  }
}

}  // namespace

std::vector<std::string> instruction_sets() {
  std::vector<std::string> out;
  for (const simd::KernelTable* table : own_tables()) out.emplace_back(table->isa);
  return out;
}

Node operator_node(const std::string& op, const std::vector<Tensor>& inputs,
                   const Attributes& attributes, int outputs, const std::string& domain) {
  ModelBuilder builder;
  Strings in, out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    in.push_back(inputs[i].empty() ? "" : input_name(i));
    if (!inputs[i].empty()) builder.constant(in.back(), inputs[i]);
  }
  for (int i = 0; i < outputs; ++i) out.push_back(output_name(static_cast<std::size_t>(i)));
  return builder.node(op, in, out, attributes, domain).graph().nodes[0];
}

std::vector<Tensor> run_operator(const std::string& op, const std::vector<Tensor>& inputs,
                                 const Attributes& attributes, int outputs) {
  std::vector<const Tensor*> pointers;
  for (const Tensor& input : inputs) pointers.push_back(input.empty() ? nullptr : &input);
  return evaluate(operator_node(op, inputs, attributes, outputs), pointers);
}

void check_graph(const Graph& graph, const Named& inputs, double tolerance) {
  const Named exact = oracle::run(graph, inputs);
  const Named rounded = oracle::run(graph, inputs, oracle::Mode::Rounded);
  for (const std::string& isa : instruction_sets())
    for (const int threads : {1, 3})
      for (const OptLevel opt : {OptLevel::None, OptLevel::Full}) {
        SCOPED_TRACE(str("isa ", isa, ", ", threads, " threads, ",
                         opt == OptLevel::None ? "unoptimised" : "optimised"));
        Options options;
        options.isa = isa;
        options.threads = threads;
        options.opt = opt;
        try {
          const Named actual = Model(build_model(graph, options)).run(inputs);
          expect_types(actual, rounded);
          expect_close(actual, exact, tolerance);
        } catch (const std::exception& error) {
          ADD_FAILURE() << error.what();
        }
      }
}

void check_operator(const std::string& op, const std::vector<Tensor>& inputs,
                    const Attributes& attributes, const CheckOptions& options) {
  SCOPED_TRACE(op);
  std::vector<std::size_t> variants = {inputs.size(), 1};
  if (options.constants_from >= 0) variants = {static_cast<std::size_t>(options.constants_from)};
  for (const std::size_t constants_from : variants) {
    SCOPED_TRACE(str("inputs from ", constants_from, " on are initializers"));
    const Graph graph = one_node(op, inputs, attributes, options.outputs, constants_from);
    Named given;
    for (std::size_t i = 0; i < inputs.size() && i < constants_from; ++i)
      if (!inputs[i].empty()) given[input_name(i)] = inputs[i];
    check_graph(graph, given, options.nme);
  }
  SCOPED_TRACE("evaluate");
  Named all;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].empty()) all[input_name(i)] = inputs[i];
  const Graph graph = one_node(op, inputs, attributes, options.outputs, inputs.size());
  try {
    std::vector<Tensor> results = run_operator(op, inputs, attributes, options.outputs);
    Named actual;
    for (std::size_t i = 0; i < results.size(); ++i) actual[output_name(i)] = results[i];
    expect_close(actual, oracle::run(graph, all), options.nme);
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

}  // namespace keel::test
