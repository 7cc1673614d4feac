// A depthwise convolution together with the pointwise ones before and behind it, strip of rows by
// strip of rows, so that the tensors between them never leave L2:
//
//   for each strip of output rows:
//     for each panel of channels:
//       expand   x -> the rows that the strip reads and no strip before it has made
//       depthwise  -> the strip, or y where nothing is behind it
//     project      the strip -> y
//
// Results are the same bits as those of the convolutions one by one: the kernels are the same, and
// so is the order of every sum. They are the same for every number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "simd/conv.h"

namespace keel::simd {

enum ConvStage { kExpand, kDepthwise, kProject, kConvStages };

// Shapes as in conv.h, two spatial axes; what one stage gives is what the next takes. Of a stage
// that is not there, k is 0. Only the last stage may have a residual.
struct StripShapes {
  ConvShape stage[kConvStages];
  bool has(ConvStage s) const { return stage[s].k > 0; }
};

// True where the stages are such as the kernels take: pointwise without stride, depthwise kernels
// 3, 5 or 7 wide, no dilation.
bool takes_strips(const StripShapes& shapes);

// True where strips are faster than the convolutions one by one, those not being products of
// bfloat16.
bool prefers_strips(const StripShapes& shapes, const KernelTable& kernels, ConvPrecision precision);

// x of the first stage, y and residual of the last, as ConvArgs has them.
struct StripArgs {
  const float* x = nullptr;
  const float* packed[kConvStages] = {};
  const float* bias[kConvStages] = {};  // read where the stage has one
  const float* residual = nullptr;
  float* y = nullptr;
  void* thread_scratch = nullptr;
};

// A quarter of L2, on the smallest that AVX-512 comes with; twice and half as much are as fast.
constexpr std::int64_t kStripScratch = 256 << 10;

// Immutable, may be shared by threads.
class StripPlan {
 public:
  // scratch: bytes of a strip that the plan aims at.
  StripPlan(const StripShapes& shapes, const KernelTable& kernels, int threads,
            std::int64_t scratch = kStripScratch);
  ~StripPlan();
  const std::string& kernel() const { return kernel_; }  // for people
  double flops() const { return flops_; }
  std::int64_t chunks() const { return chunks_; }
  std::size_t thread_scratch() const;  // bytes, 64-byte aligned
  // Of a stage that is there: how its weights are packed (pack_conv_weights).
  const ConvPlan& packing(ConvStage stage) const { return packing_[stage]; }
  void run(std::int64_t chunk, const StripArgs& args) const;

 private:
  struct Stages;
  struct Strip;
  // Rows of a plane: [begin, end).
  struct Rows {
    std::int64_t begin, end;
    std::int64_t count() const { return end - begin; }
  };
  Rows rows_read(Rows out) const;
  void run_strip(const Strip& strip, const StripArgs& args) const;
  void run_panel(const Strip& strip, std::int64_t first, std::int64_t blocks,
                 const StripArgs& args) const;
  void expand_rows(const Strip& strip, std::int64_t first, std::int64_t blocks,
                   const StripArgs& args) const;
  void choose_rows(int threads, std::int64_t scratch);

  StripShapes shapes_;
  std::unique_ptr<const Stages> stages_;
  ConvPlan packing_[kConvStages];
  std::string kernel_;
  double flops_ = 0;
  std::int64_t parts_ = 1, chunks_ = 1;  // parts of an image; each is a chunk
  std::int64_t strip_rows_ = 1;
  // Floats of one channel block in scratch: the rows a strip reads, those that the next one reads
  // again, and what the strip gives.
  std::int64_t work_block_ = 0, kept_block_ = 0, strip_block_ = 0;
  std::int64_t blocks_ = 0, panel_blocks_ = 1;  // of the depthwise stage
};

}  // namespace keel::simd
