#include "runtime/movement.h"

#include <algorithm>
#include <memory>

#include "runtime/error.h"

namespace keel {

Kernel move_kernel(MoveList list, std::string name) {
  Kernel kernel;
  kernel.name = std::move(name);
  kernel.run = [list = std::make_shared<const MoveList>(std::move(list))](RunContext& context) {
    for (const Move& move : list->moves) {
      void* to = context.output(static_cast<std::size_t>(move.output)).data;
      const void* from = to;
      if (move.input == Move::kFill) from = list->fill.data();
      if (move.input >= 0) from = context.input(static_cast<std::size_t>(move.input)).data;
      move.copy.run(context.parallel, to, from);
    }
  };
  return kernel;
}

Shape stored_dims(const Shape& dims, Layout layout) {
  if (layout == Layout::Plain) return dims;
  Shape stored = dims;
  stored[1] = (dims[1] + kBlock - 1) / kBlock;
  stored.push_back(kBlock);
  return stored;
}

namespace {

// Channels that lie in one block of both sides, and recur every 16 channels.
struct Lanes {
  std::int64_t dst_channel, src_channel;  // of the first
  std::int64_t width;
  std::int64_t blocks = 1;
};

// At most four: the first and the last may be shorter, and a shift cuts every block in two.
std::vector<Lanes> cut_into_lanes(std::int64_t channels, std::int64_t dst_channel,
                                  std::int64_t src_channel) {
  std::vector<Lanes> result;
  for (std::int64_t done = 0; done < channels;) {
    const std::int64_t to = dst_channel + done, from = src_channel + done;
    const std::int64_t width =
        std::min({kBlock - to % kBlock, kBlock - from % kBlock, channels - done});
    const auto same = std::find_if(result.begin(), result.end(), [&](const Lanes& lanes) {
      return lanes.width == width && (lanes.dst_channel - to) % kBlock == 0 &&
             (lanes.src_channel - from) % kBlock == 0;
    });
    if (same == result.end())
      result.push_back({to, from, width});
    else
      ++same->blocks;
    done += width;
  }
  return result;
}

// Strides of the stored tensor times the steps, and the offset of (begin, channel 0).
struct Walk {
  Shape strides;
  std::int64_t at = 0;
};

Walk walk_of(const BlockedRegion& region) {
  Walk walk{strides_of(stored_dims(region.tensor, Layout::Blocked16))};
  for (std::size_t k = 0; k < region.tensor.size(); ++k) {
    if (k == 1) continue;
    walk.at += region.begin[k] * walk.strides[k];
    if (!region.step.empty()) walk.strides[k] *= region.step[k];
  }
  return walk;
}

std::int64_t channel_at(const Walk& walk, std::int64_t channel) {
  return walk.at + channel / kBlock * walk.strides[1] + channel % kBlock;
}

}  // namespace

void add_blocked_moves(const Shape& dims, const BlockedRegion& dst, const BlockedRegion& src,
                       Move where, std::vector<Move>& moves) {
  if (element_count(dims) == 0) return;
  std::int64_t channels = dims[1];
  if (dst.begin[1] % kBlock == 0 && src.begin[1] % kBlock == 0)
    channels = (channels + kBlock - 1) / kBlock * kBlock;
  const Walk to = walk_of(dst), from = walk_of(src);
  for (const Lanes& lanes : cut_into_lanes(channels, dst.begin[1], src.begin[1])) {
    Shape region = dims;
    region[1] = lanes.blocks;
    region.push_back(lanes.width);
    where.copy =
        StridedCopy(DataType::Float, region, to.strides, from.strides,
                    channel_at(to, lanes.dst_channel), channel_at(from, lanes.src_channel));
    moves.push_back(where);
  }
}

void expect_whole_bytes(const InferContext& context, std::size_t input) {
  const DataType type = context.type(input);
  if (element_bits(type) % 8 != 0)
    context.node.fail(ErrorCode::Unsupported,
                      str("input ", input, ": type ", data_type_name(type), " is not supported"));
}

}  // namespace keel
