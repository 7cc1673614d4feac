// Arrays of numbers from one element type to another, as ONNX's Cast has it.
#pragma once

#include <cstdint>

#include "runtime/keel.h"

namespace keel {

// Pieces of work must begin at a multiple of this many elements, so that 4-bit types stay packed.
constexpr std::int64_t kConvertPiece = 1024;

// True for bool, the integers of 4 to 64 bits and every floating-point type.
bool is_number(DataType type);

// n elements of `from` to elements of `to`, both is_number(). Floats round to nearest even, once;
// integers keep their low bits; floats become integers as to_integer.h says; NaN is true.
// `saturate` concerns float8 results: see half.h. Source and destination do not overlap, unless
// both types are the same.
void convert(DataType from, const void* src, DataType to, void* dst, std::int64_t n,
             bool saturate = true);

}  // namespace keel
