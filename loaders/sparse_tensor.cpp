#include <cstring>

#include "loaders/onnx_tensor.h"
#include "onnx/onnx.pb.h"
#include "runtime/error.h"
#include "runtime/tensor.h"

namespace keel::loaders {
namespace {

[[noreturn]] void malformed(const std::string& name, const std::string& what) {
  throw Error(ErrorCode::MalformedModel, "sparse tensor '" + printable(name) + "': " + what);
}

Shape dense_dims(const onnx::SparseTensorProto& proto, const std::string& name) {
  if (proto.dims_size() == 0) malformed(name, "dims are missing");
  if (proto.dims_size() > kMaxRank)
    throw Error(ErrorCode::Unsupported, str("sparse tensor '", printable(name), "' has rank ",
                                            proto.dims_size(), "; the limit is ", kMaxRank));
  Shape dims(proto.dims().begin(), proto.dims().end());
  for (const std::int64_t dim : dims)
    if (dim <= 0) malformed(name, "the sizes " + to_string(dims) + " must be positive");
  return dims;
}

// The place of element i in the dense tensor, from indices [nnz] or [nnz, rank].
std::int64_t linear_index(const Tensor& indices, std::int64_t i, const Shape& dims,
                          const std::string& name) {
  const auto* values = indices.data_as<std::int64_t>();
  if (indices.shape().size() == 1) return values[i];
  const auto rank = static_cast<std::int64_t>(dims.size());
  std::int64_t linear = 0;
  for (std::int64_t axis = 0; axis < rank; ++axis) {
    const std::int64_t index = values[i * rank + axis];
    if (index < 0 || index >= dims[static_cast<std::size_t>(axis)])
      malformed(name, str("index ", index, " is outside axis ", axis, " of ", to_string(dims)));
    linear = linear * dims[static_cast<std::size_t>(axis)] + index;
  }
  return linear;
}

void check_parts(const Tensor& values, const Tensor& indices, const Shape& dims,
                 const std::string& name) {
  if (values.shape().size() != 1) malformed(name, "values must have rank 1");
  if (element_bits(values.type()) < 8 || values.type() == DataType::String)
    throw Error(ErrorCode::Unsupported, str("sparse tensor '", printable(name), "' of type ",
                                            data_type_name(values.type())));
  if (indices.type() != DataType::Int64) malformed(name, "indices must be int64");
  const Shape coordinates = {values.size(), static_cast<std::int64_t>(dims.size())};
  if (indices.shape() != values.shape() && indices.shape() != coordinates)
    malformed(name, "indices of shape " + to_string(indices.shape()) + " do not fit " +
                        std::to_string(values.size()) + " values of a tensor " + to_string(dims));
}

}  // namespace

Tensor read_sparse_tensor(onnx::SparseTensorProto& proto, TensorDoor& door) {
  const std::string name = proto.values().name();
  const Shape dims = dense_dims(proto, name);
  const Tensor values = read_tensor(*proto.mutable_values(), door);
  const Tensor indices = read_tensor(*proto.mutable_indices(), door);
  check_parts(values, indices, dims, name);

  const std::size_t bytes = storage_bytes(values.type(), dims, Layout::Plain);
  if (bytes > door.dense_budget)
    throw Error(ErrorCode::ResourceLimit,
                str("sparse tensor '", printable(name), "' takes ", bytes, " bytes when dense; ",
                    door.dense_budget, " are left for all of the model"));
  door.dense_budget -= bytes;
  Tensor dense(values.type(), dims);
  std::memset(dense.data(), 0, bytes);
  const std::size_t size = element_size(values.type());
  const std::int64_t elements = element_count(dims);
  std::int64_t previous = -1;
  for (std::int64_t i = 0; i < values.size(); ++i) {
    const std::int64_t at = linear_index(indices, i, dims, name);
    if (at < 0 || at >= elements)
      malformed(name, str("index ", at, " is outside ", to_string(dims)));
    if (at <= previous) malformed(name, "indices are not in ascending order without duplicates");
    previous = at;
    std::memcpy(static_cast<char*>(dense.data()) + static_cast<std::size_t>(at) * size,
                static_cast<const char*>(values.data()) + static_cast<std::size_t>(i) * size, size);
  }
  return dense;
}

}  // namespace keel::loaders
