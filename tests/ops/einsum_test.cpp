#include <gtest/gtest.h>

#include <map>

#include "tests/support/compare.h"
#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

// Sizes of the axes in the tables below.
std::int64_t size_of(char letter) {
  const std::map<char, std::int64_t> sizes = {{'1', 1}, {'b', 2},  {'i', 3}, {'j', 5},
                                              {'k', 4}, {'l', 37}, {'A', 2}, {'B', 3}};
  return sizes.at(letter);
}

Shape shape_of(const std::string& term) {
  Shape shape;
  for (char letter : term) shape.push_back(size_of(letter));
  return shape;
}

// Every assignment of the letters of the operands, one after the other. '1' is an axis of size 1.
Tensor reference(const std::vector<Tensor>& operands, const Strings& terms,
                 const std::string& output) {
  std::string letters;
  for (const std::string& term : terms)
    for (char letter : term)
      if (letter != '1' && letters.find(letter) == std::string::npos) letters += letter;
  const Shape out_shape = shape_of(output);
  std::int64_t count = 1;
  for (std::int64_t size : out_shape) count *= size;
  Tensor y = make_tensor<double>(out_shape, std::vector<double>(static_cast<std::size_t>(count)));
  std::map<char, std::int64_t> at;
  const auto place = [&](const std::string& term) {
    std::int64_t flat = 0;
    for (char letter : term) flat = flat * size_of(letter) + (letter == '1' ? 0 : at[letter]);
    return flat;
  };
  for (;;) {
    double product = 1;
    for (std::size_t i = 0; i < terms.size(); ++i)
      product *= operands[i].data_as<double>()[place(terms[i])];
    y.data_as<double>()[place(output)] += product;
    std::size_t k = 0;
    for (; k < letters.size(); ++k) {
      if (++at[letters[k]] < size_of(letters[k])) break;
      at[letters[k]] = 0;
    }
    if (k == letters.size()) return y;
  }
}

TEST(Einsum, AsDefined) {
  struct Row {
    std::string equation;
    Strings terms;  // as in the equation, with the ellipsis written out
    std::string output;
  };
  const Row rows[] = {
      {"ij,jk->ik", {"ij", "jk"}, "ik"},
      {"bij, bjk -> bik", {"bij", "bjk"}, "bik"},
      {"ij,kj", {"ij", "kj"}, "ik"},
      {"il,jl->ji", {"il", "jl"}, "ji"},
      {"ij->ji", {"ij"}, "ji"},
      {"ji", {"ji"}, "ij"},
      {"ij->", {"ij"}, ""},
      {"ij->j", {"ij"}, "j"},
      {"ii->i", {"ii"}, "i"},
      {"ii", {"ii"}, ""},
      {"bii->bi", {"bii"}, "bi"},
      {"i,j->ij", {"i", "j"}, "ij"},
      {"i,i", {"i", "i"}, ""},
      {"bi,bi->b", {"bi", "bi"}, "b"},
      {"ij,jk,kl->il", {"ij", "jk", "kl"}, "il"},
      {"bij,bkj,bi->bk", {"bij", "bkj", "bi"}, "bk"},
      {"...ij,...jk->...ik", {"ABij", "Bjk"}, "ABik"},
      {"...ij,...jk->...ik", {"ABij", "A1jk"}, "ABik"},
      {"...i,...i", {"ABi", "i"}, "AB"},
      {"...->...", {"ABi"}, "ABi"},
      {"i...->...", {"iAB"}, "AB"},
      {"i...j->j...i", {"iAj"}, "jAi"},
      {",->", {"", ""}, ""},
      {"", {""}, ""},
      {"i,->i", {"i", ""}, "i"},
  };
  Random random(1);
  for (const Row& row : rows) {
    SCOPED_TRACE(row.equation);
    std::vector<Tensor> operands;
    for (const std::string& term : row.terms)
      operands.push_back(random_tensor(random, DataType::Double, shape_of(term)));
    const Tensor y = run_operator("Einsum", operands, {{"equation", row.equation}})[0];
    EXPECT_EQ(difference(y, reference(operands, row.terms, row.output), {1e-12, 1e-12}), "");
  }
}

TEST(Einsum, OtherTypesAndEmptySums) {
  const Attributes matmul = {{"equation", std::string("ij,jk->ik")}};
  const Tensor a = make_tensor<std::int32_t>({1, 2}, {INT32_MAX, 1});
  const Tensor b = make_tensor<std::int32_t>({2, 1}, {1, 1});
  EXPECT_EQ(run_operator("Einsum", {a, b}, matmul)[0].data_as<std::int32_t>()[0], INT32_MIN);
  const Tensor y = run_operator(
      "Einsum", {Tensor(DataType::Float, {2, 0}), Tensor(DataType::Float, {0, 1})}, matmul)[0];
  EXPECT_EQ(difference(y, make_tensor<float>({2, 1}, {0, 0})), "");
}

TEST(Einsum, RefusesBadEquations) {
  const Tensor x(DataType::Float, {2, 3});
  const auto refused = [&](const std::string& equation, ErrorCode code, const char* fragment) {
    expect_error(code, fragment, [&] { run_operator("Einsum", {x, x}, {{"equation", equation}}); });
  };
  refused("ij,ij->k", ErrorCode::MalformedModel, "'k' of the result is in no operand");
  refused("ij,ij->ii", ErrorCode::MalformedModel, "'i' occurs twice");
  refused("ij", ErrorCode::MalformedModel, "expected 2 operands, got 1");
  refused("ij,i2", ErrorCode::MalformedModel, "unexpected '2'");
  refused("ij,i.j", ErrorCode::MalformedModel, "unexpected '.'");
  refused("ij,......", ErrorCode::MalformedModel, "second '...'");
  refused("ij,ij->i->j", ErrorCode::MalformedModel, "unexpected '-'");
  refused("ij,ijk", ErrorCode::BadInput, "names 3 axes, the tensor has 2");
  refused("ij,i", ErrorCode::BadInput, "names 1 axes, the tensor has 2");
  refused("ij,...ijk", ErrorCode::BadInput, "operand 1");
  refused("ij,ji", ErrorCode::BadInput, "expected size");
}

}  // namespace
}  // namespace keel::test
