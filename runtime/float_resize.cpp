#include "runtime/float_resize.h"

#include <algorithm>

#include "runtime/reorder.h"
#include "simd/kernel_table.h"
#include "simd/resize.h"

namespace keel {
namespace {

constexpr std::int64_t kGrain = 16 * 1024;  // output elements that a thread computes at a time
constexpr std::int64_t kShortRow = 64;      // elements

ResizeTable identity_of(std::int64_t size) {
  ResizeTable table;
  table.in = table.out = size;
  table.identity = true;
  return table;
}

bool is_outside(const ResizeTable& table, std::int64_t j) {
  return !table.outside.empty() && table.outside[static_cast<std::size_t>(j)] != 0;
}

// Product of the sizes of x on the axes [begin, end).
std::int64_t size_of(const std::vector<ResizeTable>& tables, std::size_t begin, std::size_t end) {
  std::int64_t size = 1;
  for (std::size_t i = begin; i < end; ++i) size = checked_mul(size, tables[i].in);
  return size;
}

std::size_t float_bytes(std::int64_t count) {
  return align64(static_cast<std::size_t>(checked_mul(count, sizeof(float))));
}

}  // namespace

FloatResize::FloatResize(const simd::KernelTable& kernels, std::vector<ResizeTable> tables,
                         bool nearest, float extrapolation)
    : kernels_(&kernels), nearest_(nearest), extrapolation_(extrapolation) {
  size_ = size_of(tables, 0, tables.size());
  std::vector<std::size_t> changed;
  for (std::size_t axis = 0; axis < tables.size(); ++axis)
    if (!tables[axis].identity) changed.push_back(axis);
  // The two innermost axes in one pass, where they are neighbours; the others one by one.
  for (std::size_t i = 0; i < changed.size(); ++i) {
    const bool pair = i + 2 == changed.size() && changed[i] + 1 == changed[i + 1];
    add_pass(tables, changed[i], pair ? changed[i + 1] : tables.size());
    for (std::size_t axis : {changed[i], pair ? changed[i + 1] : changed[i]})
      tables[axis] = identity_of(tables[axis].out);
    if (pair) break;
  }
  std::int64_t largest = 0;
  for (std::size_t i = 0; i + 1 < passes_.size(); ++i)
    largest = std::max(largest, passes_[i].out_size());
  shared_bytes_ = 2 * float_bytes(largest);
  for (const Pass& pass : passes_)
    if (!pass.rows.identity && !pass.columns.identity)
      thread_bytes_ = std::max(thread_bytes_, float_bytes(pass.in_row()));
}

// `columns` beyond the last axis: none, and what lies behind `rows` moves together. Rows of a few
// elements are better seen as columns.
void FloatResize::add_pass(const std::vector<ResizeTable>& tables, std::size_t rows,
                           std::size_t columns) {
  const std::size_t end = tables.size();
  const bool lone = columns == end && size_of(tables, rows + 1, end) < kShortRow;
  if (lone) columns = rows;
  Pass pass;
  pass.outer = size_of(tables, 0, rows);
  pass.rows = lone ? identity_of(1) : tables[rows];
  pass.columns = columns < end ? tables[columns] : identity_of(1);
  pass.inner = size_of(tables, (columns < end ? columns : rows) + 1, end);
  const ResizeTable& table = pass.columns;
  for (std::int64_t t = 0; t < table.taps && !table.identity; ++t)
    for (std::int64_t j = 0; j < table.out; ++j) {
      const auto at = static_cast<std::size_t>(j * table.taps + t);
      const auto index = static_cast<std::int32_t>(table.index[at]);
      if (j > 0 && index < pass.by_tap.index.back()) pass.by_tap.ascending = false;
      pass.by_tap.index.push_back(index);
      if (!nearest_) pass.by_tap.weight.push_back(table.weight[at]);
    }
  passes_.push_back(std::move(pass));
}

void FloatResize::resize_columns(const Pass& pass, const float* x, float* y) const {
  simd::ResizeColumns columns;
  columns.in = pass.columns.in;
  columns.out = pass.columns.out;
  columns.taps = pass.columns.taps;
  columns.index = pass.by_tap.index.data();
  columns.weight = nearest_ ? nullptr : pass.by_tap.weight.data();
  columns.ascending = pass.by_tap.ascending;
  kernels_->resize->columns(columns, x, pass.inner, y);
  for (std::int64_t j = 0; j < pass.columns.out && !pass.columns.outside.empty(); ++j)
    if (is_outside(pass.columns, j)) std::fill_n(y + j * pass.inner, pass.inner, extrapolation_);
}

// Row `row` of the output: rows combined in scratch (or straight in y), then columns.
void FloatResize::run_row(const Pass& pass, std::int64_t row, const float* x, float* y,
                          float* scratch) const {
  const ResizeTable& rows = pass.rows;
  const std::int64_t j = row % rows.out, length = pass.in_row();
  const float* plane = x + row / rows.out * rows.in * length;
  y += row * pass.out_row();
  if (is_outside(rows, j)) {
    std::fill_n(y, pass.out_row(), extrapolation_);
    return;
  }
  const float* from = plane + j * length;
  if (!rows.identity && nearest_) {
    from = plane + rows.index[static_cast<std::size_t>(j)] * length;
  } else if (!rows.identity) {
    constexpr std::int64_t kTaps = 16;  // at a time
    float* sum = pass.columns.identity ? y : scratch;
    const float* weight = rows.weight.data() + j * rows.taps;
    for (std::int64_t t = 0; t < rows.taps;) {
      // From the second time on the sum so far is one of the rows.
      const float* sources[kTaps] = {sum};
      float weights[kTaps] = {1.0f};
      std::int64_t count = t > 0 ? 1 : 0;
      for (; count < kTaps && t < rows.taps; ++count, ++t) {
        sources[count] = plane + rows.index[static_cast<std::size_t>(j * rows.taps + t)] * length;
        weights[count] = weight[t];
      }
      kernels_->resize->combine(sources, weights, count, sum, length);
    }
    from = sum;
  }
  if (!pass.columns.identity)
    resize_columns(pass, from, y);
  else if (from != y)
    std::copy_n(from, length, y);
}

void FloatResize::run_pass(const Pass& pass, Parallel& parallel, const float* x, float* y,
                           std::byte* thread_scratch, std::size_t thread_stride) const {
  const std::int64_t rows = pass.outer * pass.rows.out;
  const std::int64_t step =
      std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, pass.out_row()));
  parallel.chunks((rows + step - 1) / step, [&](std::int64_t chunk, int thread) {
    auto* scratch =
        reinterpret_cast<float*>(thread_scratch + static_cast<std::size_t>(thread) * thread_stride);
    for (std::int64_t row = chunk * step; row < std::min(rows, (chunk + 1) * step); ++row)
      run_row(pass, row, x, y, scratch);
  });
}

void FloatResize::run(Parallel& parallel, const float* x, float* y, std::byte* shared,
                      std::byte* thread_scratch, std::size_t thread_stride) const {
  if (passes_.empty()) {
    std::copy_n(x, size_, y);
    return;
  }
  for (std::size_t i = 0; i < passes_.size(); ++i) {
    const bool last = i + 1 == passes_.size();
    float* to = last ? y : reinterpret_cast<float*>(shared + shared_bytes_ / 2 * (i % 2));
    run_pass(passes_[i], parallel, x, to, thread_scratch, thread_stride);
    x = to;
  }
}

}  // namespace keel
