// NonMaxSuppression: of every batch and class, boxes in descending order of score, each unless it
// overlaps one already taken by more than iou_threshold. y [selected, 3] holds (batch, class, box).
#include <algorithm>

#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/op.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) {
  const Node& node = context.node;
  for (std::size_t i = 0; i < 2; ++i) {
    context.expect_type(i, {DataType::Float});
    context.expect_rank(i, 3, 3);
  }
  if (dims_clash(context.dim(0, 2), 4))
    node.fail(ErrorCode::BadInput, str("boxes: expected 4 coordinates, got ", context.dim(0, 2)));
  if (dims_clash(context.dim(0, 0), context.dim(1, 0)) ||
      dims_clash(context.dim(0, 1), context.dim(1, 2)))
    node.fail(ErrorCode::BadInput, "boxes " + to_string(context.input(0).dims) + " and scores " +
                                       to_string(context.input(1).dims) +
                                       " differ in batches or boxes");
  for (std::size_t i = 2; i < 5; ++i) {
    if (!context.has_input(i)) continue;
    context.expect_type(i, {i == 2 ? DataType::Int64 : DataType::Float});
    if (context.input(i).is_static() && element_count(context.input(i).dims) != 1)
      node.fail(ErrorCode::BadInput, str("input ", i, ": expected one element"));
  }
  const std::int64_t center = node.int_or("center_point_box", 0);
  if (center != 0 && center != 1)
    node.fail_attribute("center_point_box", str("expected 0 or 1, got ", center));
  context.set_output(0, DataType::Int64, {kUnknownDim, 3});
}

struct Box {
  float y0, x0, y1, x1;
  float area() const { return (y1 - y0) * (x1 - x0); }
};

Box box_of(const float* box, bool center) {
  if (center) {  // x, y, width, height
    const float w = box[2] / 2, h = box[3] / 2;
    return {box[1] - h, box[0] - w, box[1] + h, box[0] + w};
  }
  return {std::min(box[0], box[2]), std::min(box[1], box[3]), std::max(box[0], box[2]),
          std::max(box[1], box[3])};
}

bool overlap(const Box& a, const Box& b, float threshold) {
  const float height = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
  const float width = std::min(a.x1, b.x1) - std::max(a.x0, b.x0);
  if (!(height > 0 && width > 0)) return false;
  const float common = height * width, whole = a.area() + b.area() - common;
  return whole > 0 && common / whole > threshold;
}

struct Limits {
  std::int64_t most = 0;
  float iou = 0;
  const float* score = nullptr;  // null: every box is a candidate
  bool center = false;
};

Limits limits_of(const RunContext& context) {
  Limits limits;
  if (context.has_input(2)) limits.most = std::max<std::int64_t>(*context.in<std::int64_t>(2), 0);
  if (context.has_input(3)) limits.iou = *context.in<float>(3);
  if (!(limits.iou >= 0 && limits.iou <= 1))
    context.node.fail(ErrorCode::BadInput,
                      str("iou_threshold: expected a value in [0, 1], got ", limits.iou));
  if (context.has_input(4)) limits.score = context.in<float>(4);
  limits.center = context.node.int_or("center_point_box", 0) == 1;
  return limits;
}

// The boxes of one batch and class that are taken, best first. boxes [n, 4], scores [n].
std::vector<std::int64_t> select(const float* boxes, const float* scores, std::int64_t n,
                                 const Limits& limits) {
  std::vector<std::int64_t> candidates, taken;
  for (std::int64_t i = 0; i < n; ++i)
    if (limits.score == nullptr ? scores[i] == scores[i] : scores[i] > *limits.score)
      candidates.push_back(i);
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](std::int64_t a, std::int64_t b) { return scores[a] > scores[b]; });
  std::vector<Box> kept;
  for (std::int64_t i : candidates) {
    if (static_cast<std::int64_t>(taken.size()) >= limits.most) break;
    const Box box = box_of(boxes + i * 4, limits.center);
    if (std::any_of(kept.begin(), kept.end(),
                    [&](const Box& other) { return overlap(box, other, limits.iou); }))
      continue;
    kept.push_back(box);
    taken.push_back(i);
  }
  return taken;
}

void run(RunContext& context) {
  const Shape& dims = context.input(1).dims;  // [batches, classes, n]
  const std::int64_t classes = dims[1], n = dims[2];
  const Limits limits = limits_of(context);
  std::vector<std::vector<std::int64_t>> taken(static_cast<std::size_t>(dims[0] * classes));
  context.parallel.chunks(dims[0] * classes, [&](std::int64_t group, int) {
    taken[static_cast<std::size_t>(group)] = select(context.in<float>(0) + group / classes * n * 4,
                                                    context.in<float>(1) + group * n, n, limits);
  });
  std::int64_t count = 0;
  for (const auto& boxes : taken) count += static_cast<std::int64_t>(boxes.size());
  context.allocate_output(0, {count, 3});
  auto* y = context.out<std::int64_t>(0);
  for (std::int64_t group = 0; group < dims[0] * classes; ++group)
    for (std::int64_t box : taken[static_cast<std::size_t>(group)]) {
      *y++ = group / classes;
      *y++ = group % classes;
      *y++ = box;
    }
}

Kernel prepare(const PrepareContext&) {
  Kernel kernel;
  kernel.name = "non max suppression";
  kernel.run = run;
  return kernel;
}

}  // namespace

void non_max_suppression(OpTable& table) {
  OpDef def;
  def.name = "NonMaxSuppression";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
