// Tensors in files: .npy .npz .pb .raw. Images are image.h's matter.
//
// Readers throw Error(Io) for files that cannot be read and Error(BadInput) for contents that are
// not what they should be; sizes are checked against the file before anything is allocated.
#pragma once

#include <string>

#include "loaders/byte_source.h"
#include "runtime/keel.h"

namespace keel {

// NumPy's format, versions 1 to 3, either byte order. Fortran order is refused for matrices,
// pickled objects always. Strings come from and go to 'U' and 'S' arrays.
Tensor read_npy(const loaders::ByteSource& source);
// Types that NumPy lacks are widened: the small floats to float32, 4-bit integers to 8 bits.
std::string npy_bytes(const Tensor& tensor);

// A zip archive of .npy files, stored or deflated; the names are those of the members without
// ".npy". Below 4 GiB.
NamedTensors read_npz(const loaders::ByteSource& source);
// Stored, not compressed; the same tensors give the same bytes.
std::string npz_bytes(const NamedTensors& tensors);

// A TensorProto. `name` receives its name, may be null.
Tensor read_pb(const loaders::ByteSource& source, std::string* name);
std::string pb_bytes(const Tensor& tensor, const std::string& name);

// Bare elements: exactly those of the type and shape. Strings are refused.
Tensor read_raw(const loaders::ByteSource& source, DataType type, const Shape& shape);

// What reading .raw needs to know.
struct RawForm {
  DataType type = DataType::Undefined;
  Shape shape;
};

// One tensor by the extension of the path: .npy, .pb, .raw, or an .npz with one member.
Tensor read_tensor_file(const std::string& path, const RawForm& raw = {});

// By extension: .npy, .npz, .pb, .raw. Only .npz holds more than one tensor. Atomic.
void write_tensor_file(const std::string& path, const NamedTensors& tensors);

}  // namespace keel
