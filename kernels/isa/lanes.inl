// A [rows, channels] matrix seen as one flat run of floats, in which channels meet the same lanes of 16 again after
// lane_period(channels) floats. So any number of channels fills whole vectors, each lane belongs to one channel, and a
// sum keeps its order on every instruction set: 16 lanes whatever the registers' width.
#pragma once
#include "kernels/isa/padded_band.inl"
#include "kernels/isa/processor.inl"
#include "kernels/parallel.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Lanes whose channel coefficients are repeated at a time: at most five arrays of 1 KB on the stack.
constexpr std::int64_t kLaneBlock = 256;
constexpr std::int64_t kFlatGrain = 16384;  // floats a chunk: 64 KB an operand, inside L2, some microseconds

// 16 MB, half of an L3 of 32 that others share, in floats: what is as large is gone from there when it is read again.
// Written past the caches its lines need not be read first: a copy of 64 MB is 1.6 to 2 times as fast (Zen 3, Ice
// Lake).
constexpr std::int64_t kPastCaches = std::int64_t{1} << 22;
inline bool goes_past_caches(std::int64_t floats, const float* written) {
  return floats >= kPastCaches && reinterpret_cast<std::uintptr_t>(written) % (kLineFloats * sizeof(float)) == 0;
}
// How a pass over memory meets its lines: what it reads and writes is fetched ahead, or left to the hardware, or
// written past the caches.
enum class Pass { fetched, followed, past };
inline Pass pass_over(std::int64_t floats, const float* written) {
  if (goes_past_caches(floats, written)) return Pass::past;
  return follows_streams() ? Pass::followed : Pass::fetched;
}
template <Pass kPass>
struct PassConstant {
  static constexpr Pass value = kPass;
};
// run(the pass as a constant).
template <class Run>
void with_pass(Pass pass, const Run& run) {
  switch (pass) {
    case Pass::fetched:
      return run(PassConstant<Pass::fetched>{});
    case Pass::followed:
      return run(PassConstant<Pass::followed>{});
    case Pass::past:
      return run(PassConstant<Pass::past>{});
  }
}
// An output of a pass over memory; a chunk of them that goes past the caches ends with end_chunk.
template <Pass kPass>
NASCENT_INLINE void store_output(float* p, Vector<kWidth> v, std::int64_t n) {
  if constexpr (kPass == Pass::past)
    if (n == kWidth) return store_past_caches(p, v);
  store_up_to<kWidth>(p, v, n);
}
template <Pass kPass>
NASCENT_INLINE void end_chunk() {
  if constexpr (kPass == Pass::past) _mm_sfence();
}

// What a pass over memory writes and reads 1 KB on, in as many lines as a core fetches at a time: without it a store
// waits for its line to be read, and passes over 32 MB take a fifth longer with AVX-512.
constexpr int kFetchAhead = 256;
template <Pass kPass = Pass::fetched, class... Read>
NASCENT_INLINE void fetch_ahead(const float* write, const Read*... read) {
  if constexpr (kPass == Pass::followed) return;
  if constexpr (kPass == Pass::fetched) fetch_to_l2(write + kFetchAhead);
  (fetch_to_l2(read + kFetchAhead), ...);
}
// Of many tensors read side by side a line of each is on its way for longer. Not with AVX2: Zen 3's hardware follows
// eight of them, and mixing that asks besides takes a quarter longer.
NASCENT_INLINE void fetch_far(const float* read) {
  if constexpr (kRegisters == 32) fetch_to_l2(read + 2 * kFetchAhead);
}

// to[i] = from[(lane + i) mod channels], or `missing` where there is no array.
inline void repeat_lanes(std::int64_t lane, std::int64_t lanes, std::int64_t channels, const float* from, float missing,
                         float* to) {
  std::int64_t c = lane % channels;
  for (std::int64_t i = 0; i < lanes; ++i) {
    to[i] = from ? from[c] : missing;
    if (++c == channels) c = 0;
  }
}

// For each block of lanes: body.prepare(lane, lanes), then body.run(offset, lane within the block, n) for each vector
// in it (n < W floats at the very end). Chunks run in parallel, the last first: what a pass before has just read is
// still in L2. Where the lanes are few, a block is several periods, prepared once.
template <class MakeBody>
NASCENT_INLINE void each_lane_vector(std::int64_t rows, std::int64_t channels, const MakeBody& make) {
  constexpr int W = kWidth;
  const std::int64_t period = lane_period(channels), total = rows * channels;
  const bool once = period <= kLaneBlock;
  const std::int64_t step = once ? kLaneBlock / period * period : period;  // floats from a block to the same lanes
  const std::int64_t grain = (kFlatGrain + step - 1) / step * step, chunks = (total + grain - 1) / grain;
  const auto run_block = [&](auto& body, std::int64_t begin, std::int64_t end, std::int64_t lanes) {
    for (std::int64_t row = begin; row < end; row += step) {
      const std::int64_t n = row + lanes < end ? lanes : end - row;
      std::int64_t i = 0;
      for (; i + W <= n; i += W) body.run(row + i, i, std::int64_t{W});
      if (i < n) body.run(row + i, i, n - i);
    }
  };
  auto shared = make();
  if (once) shared.prepare(0, step);
  parallel_chunks(chunks, [&](std::int64_t i) {
    const std::int64_t begin = (chunks - 1 - i) * grain, end = begin + grain < total ? begin + grain : total;
    if (once) return run_block(shared, begin, end, step);
    auto body = make();
    for (std::int64_t block = 0; block < period; block += kLaneBlock) {
      const std::int64_t lanes = block + kLaneBlock < period ? kLaneBlock : period - block;
      body.prepare(block, lanes);
      run_block(body, begin + block, end, lanes);
    }
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
