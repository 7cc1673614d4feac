// How the interpreter calls an operator, and the tables of operators by theme.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/graph.h"
#include "tests/oracle/array.h"

namespace keel::oracle {

struct Call {
  const Node& node;
  std::vector<const Array*> inputs;  // null: absent

  bool has(std::size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }
  const Array& operator[](std::size_t i) const {
    if (!has(i)) node.fail(ErrorCode::MalformedModel, "oracle: too few inputs");
    return *inputs[i];
  }
  std::size_t count() const { return inputs.size(); }
  // axis in [-rank, rank) made non-negative.
  std::int64_t axis(std::int64_t axis, std::int64_t rank) const {
    if (axis < -rank || axis >= rank) node.fail(ErrorCode::BadInput, "oracle: axis out of range");
    return axis < 0 ? axis + rank : axis;
  }
  [[noreturn]] void bad(const char* message) const {
    node.fail(ErrorCode::BadInput, std::string("oracle: ") + message);
  }
  [[noreturn]] void unsupported(const char* message) const {
    node.fail(ErrorCode::Unsupported, std::string("oracle: ") + message);
  }
};

// Results by output index; those of absent outputs may be left empty or computed in vain.
using Op = std::function<Arrays(const Call&)>;
using Table = std::map<std::string, Op>;

void add_activations(Table& table);
void add_arithmetic(Table& table);
void add_casts(Table& table);
void add_convolutions(Table& table);
void add_elementwise(Table& table);
void add_generators(Table& table);
void add_indexing(Table& table);
void add_logic(Table& table);
void add_matmuls(Table& table);
void add_movement(Table& table);
void add_normalizations(Table& table);
void add_pooling(Table& table);
void add_reductions(Table& table);
void add_resize(Table& table);
void add_scatter(Table& table);
void add_searches(Table& table);
void add_shapes(Table& table);
void add_softmax(Table& table);

// f applied to every element of a float tensor.
Array map_reals(const Array& x, const std::function<double(double)>& f);
// As numpy has them: NaN wins.
double larger(double a, double b);
double smaller(double a, double b);

double sigmoid(double x);
double softplus(double x);
// What an epilogue does.
double activated(const simd::Activation& activation, double x);

// An array seen as [outer, n, inner] around one axis.
struct AxisView {
  std::int64_t outer, n, inner;
  AxisView(const Shape& shape, std::int64_t axis);
  std::int64_t at(std::int64_t o, std::int64_t i, std::int64_t in) const {
    return (o * n + i) * inner + in;
  }
};

}  // namespace keel::oracle
