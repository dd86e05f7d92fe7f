// One call's view of its scratch (the layout is edge_branches_scratch's, kernels/edge_branches.cpp): weights packed
// once, a buffer a worker, sums an image.
#pragma once
#include "kernels/isa/depthwise_rows.inl"
#include "kernels/isa/plane.inl"
#include "kernels/isa/window_kernel.inl"
#include "kernels/pool2d.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// A worker's planes of the image in hand.
struct WorkerPlanes {
  float* bordered;           // [2]: 1 when the borders of `input`, of `gradient` are zeros; they stay so in a call
  float *input, *gradient;   // relu(x) and dt, between borders of zeros
  float *middle, *dz;        // bands of rows: the depthwise output, and the gradient of z
  float *dx, *values;        // what the blocks give; a pool's output, then its gradient
  float *pool, *other_pool;  // what the pools give
  std::uint8_t* tap;         // of max pooling: which won
  WorkerPlanes(const EdgePlane& g, float* at)
      : bordered(at),
        input(at + 16),
        gradient(input + g.padded_in()),
        middle(gradient + g.padded_out()),
        dz(middle + g.band()),
        dx(dz + g.band()),
        values(dx + g.dense_in()),
        pool(values + g.dense_out()),
        other_pool(pool + g.dense_in()),
        tap(reinterpret_cast<std::uint8_t*>(other_pool + g.dense_in())) {}

  // Before the first image of a call.
  static void prepare(const EdgePlane& g, float* buffers) {
    for (std::int64_t w = 0; w < threads(); ++w)
      buffers[w * g.worker_floats()] = buffers[w * g.worker_floats() + 1] = 0;
  }
  void clear_gradient_border(const EdgePlane& g) const {
    if (bordered[1] == 0) clear_border(g, g.out_height, g.out_width, gradient);
    bordered[1] = 1;
  }
  void fill_input(const EdgePlane& g, const float* x, const float* scale, const float* shift) const {
    if (bordered[0] == 0) clear_border(g, g.height, g.width, input);
    bordered[0] = 1;
    fill_relu(g, x, scale, shift, input);
  }
};

// How far ahead of a tile the lines it will write are fetched, in floats. A tile of 16 pixels takes 50 ns and its lines
// come from DRAM in 120 and more: fetched a tile ahead in one go, they kept its stores waiting for as long again.
constexpr std::int64_t kWriteAhead = 1024;

// C = A B for the pixels of a plane: A [pixels, lanes], B packed. `to_memory`: C lies there, not in a plane. `next`,
// and with 32 registers where C does not lie in memory `also`: as many pixels that are read next, fetched meanwhile;
// null: none. With 16 registers tiles fetch one tensor by their steps, and beside `next` C in one go.
inline void pointwise(std::int64_t pixels, std::int64_t channels, const float* a, std::int64_t a_step,
                      const float* packed, float* c, std::int64_t c_step, bool to_memory, const float* next,
                      const float* also) {
  each_panel(channels, [&](const Panel& panel) {
    each_tile_run(pixels, max_rows(panel.vectors), [&](std::int64_t begin, std::int64_t height, std::int64_t count) {
      const bool first = panel.begin == 0;
      const float* const read = next ? next + begin * channels : nullptr;
      const float* const written = to_memory ? c + begin * c_step + kWriteAhead
                                   : also    ? also + begin * channels
                                             : nullptr;
      const bool only_written = kRegisters == 16 && !read;
      panel.along_k[height - 1]({.a = a + begin * a_step,
                                 .a_stride = a_step,
                                 .k = channels,
                                 .b = packed + panel.begin * channels,
                                 .b_step = panel.width,
                                 .c = c + begin * c_step + panel.begin,
                                 .c_row = c_step,
                                 .columns = panel.columns,
                                 .count = count,
                                 .ahead = first ? only_written ? written : read : nullptr,
                                 .also_ahead = first ? written : nullptr,
                                 .ahead_step = height,
                                 .fetch_c = kRegisters == 16 && to_memory && read});
    });
  });
}

// The batch norm before a group's ReLU, if there is one, as the image's lanes read it.
struct InputNorm {
  const float *scale = nullptr, *shift = nullptr;
  // Returns what follows its share of the scratch.
  float* prepare(const EdgePlane& g, const EdgeInput& in, float* at) {
    if (in.scale) {
      repeat_channels(g.channels, g.lanes(), in.scale, 1, at);
      repeat_channels(g.channels, g.lanes(), in.shift, 0, at + g.period());
      scale = at, shift = at + g.period();
    }
    return at + 2 * g.period();
  }
};

// packed: taps repeated to the period, the matrix for z = t*P or for dt = dz*P^T.
enum class Pack { forward, backward };
struct PackedBranch {
  const float *depthwise, *pointwise;
  PackedBranch(const EdgePlane& g, const EdgeBranch& b, const float* at)
      : depthwise(at), pointwise(at + g.packed_depthwise(b)) {}
};

inline void pack_branch(const EdgePlane& g, const EdgeBranch& b, Pack pack, float* to) {
  const std::int64_t taps = b.kernel * b.kernel, c = g.channels;
  for (std::int64_t t = 0; t < taps; ++t) repeat_channels(c, g.lanes(), b.depthwise + t * c, 0, to + t * g.period());
  float* matrix = to + g.packed_depthwise(b);
  each_panel(c, [&](const Panel& panel) {
    if (pack == Pack::forward)
      pack_panel(panel, c, b.pointwise, c, 1, matrix + panel.begin * c);
    else
      pack_panel(panel, c, b.pointwise, 1, c, matrix + panel.begin * c);
  });
}

// The branches of all groups of a call, one behind the other.
struct AllBranches {
  int count = 0;
  int begin[kMaxGroups];  // a group's first
  int group[kMaxBranchesTogether];
  const EdgeBranch* branch[kMaxBranchesTogether];
  float* packed[kMaxBranchesTogether];  // where a separable one's weights lie

  AllBranches(int groups, const EdgeGroup* of) {
    for (int k = 0; k < groups; ++k) {
      begin[k] = count;
      for (int b = 0; b < of[k].count; ++b) group[count] = k, branch[count++] = of[k].branches + b;
    }
  }
  int in_group(int b) const { return b - begin[group[b]]; }
  bool separable(int b) const { return branch[b]->kind == EdgeBranchKind::separable; }
  // Returns what follows the last one's.
  float* pack(const EdgePlane& g, Pack how, float* to) {
    for (int b = 0; b < count; ++b) {
      packed[b] = to;
      if (separable(b)) to += g.packed(*branch[b]);
    }
    parallel_chunks(count, [&](std::int64_t i) {
      const int b = static_cast<int>(i);
      if (separable(b)) pack_branch(g, *branch[b], how, packed[b]);
    });
    return to;
  }
};

inline TapList forward_taps(const EdgePlane& g, const EdgeBranch& b) {
  TapList taps;
  for (std::int64_t u = 0; u < b.kernel; ++u)
    for (std::int64_t v = 0; v < b.kernel; ++v, ++taps.count) {
      taps.offset[taps.count] = b.dilation * (u * g.in_pitch() + v * g.lanes());
      taps.weight[taps.count] = taps.count * g.period();
    }
  return taps;
}

// Rows [begin, begin + rows) of the depthwise convolution, as pixels of `lanes` floats side by side. `next`: what they
// are of the next image, fetched to L2 meanwhile; null: nothing.
inline void depthwise_rows(const EdgePlane& g, const EdgeBranch& b, const float* input, const float* weights,
                           std::int64_t begin, std::int64_t rows, float* to, const float* next) {
  const std::int64_t lanes = g.lanes(), pitch = g.in_pitch(), inset = g.pad - b.padding();
  const WindowKernel window = lanes >= 8 ? window_kernel(b.kernel, g.stride, b.dilation, b.padding()) : WindowKernel{};
  const float* x = input + inset * (pitch + lanes) + begin * g.stride * pitch;
  if (window)
    return window({.x = x,
                   .x_row = pitch,
                   .x_step = lanes,
                   .w = weights,
                   .w_row = b.kernel * g.period(),
                   .w_step = g.period(),
                   .y = to,
                   .y_row = g.out_width * lanes,
                   .y_step = lanes,
                   .rows = rows,
                   .columns = g.out_width,
                   .kernel_h = b.kernel,
                   .first_row = b.padding() - begin * g.stride,
                   .last_row = b.padding() - begin * g.stride + g.height,
                   .next_x = next,
                   .next_x_floats = g.stride * g.stride},
                  lanes);
  const TapList taps = forward_taps(g, b);
  for (std::int64_t i = 0; i < rows; ++i, x += g.stride * pitch, to += g.out_width * lanes)
    depthwise_run(
        {.taps = &taps, .x = x, .x_step = g.stride * lanes, .w = weights, .y = to, .y_step = lanes, .add = false},
        g.out_width, lanes);
}

inline PoolShape edge_pool(const EdgePlane& g) {
  return {.height = g.height, .width = g.width, .channels = g.channels, .kernel = 3, .stride = g.stride, .padding = 1};
}

// Channels whose images are summed together: image by image, for channel by channel every addition would wait for the
// one before it.
constexpr std::int64_t kSumsAtOnce = 64;

// to[c] = sum of images in order, in double: of sums[n*step + c], c < channels <= kSumsAtOnce.
inline void sum_images(std::int64_t batch, std::int64_t step, std::int64_t channels, const float* sums, double* to) {
  for (std::int64_t c = 0; c < channels; ++c) to[c] = 0;
  for (std::int64_t n = 0; n < batch; ++n, sums += step)
    for (std::int64_t c = 0; c < channels; ++c) to[c] += static_cast<double>(sums[c]);
}

// The sums of both of column_sums' rows: body(c, first, second) for every channel.
template <class Body>
inline void each_sums(std::int64_t batch, std::int64_t step, std::int64_t channels, const float* sums,
                      const Body& body) {
  for (std::int64_t begin = 0; begin < channels; begin += kSumsAtOnce) {
    const std::int64_t count = begin + kSumsAtOnce < channels ? kSumsAtOnce : channels - begin;
    double first[kSumsAtOnce], second[kSumsAtOnce];
    sum_images(batch, step, count, sums + begin, first);
    sum_images(batch, step, count, sums + channels + begin, second);
    for (std::int64_t c = 0; c < count; ++c) body(begin + c, first[c], second[c]);
  }
}

// Mean and (biased) variance of m values a channel from their images' sums and sums of squares.
inline void statistics_of_sums(std::int64_t batch, std::int64_t m, std::int64_t c, std::int64_t step, const float* sums,
                               float* mean, float* variance) {
  each_sums(batch, step, c, sums, [&](std::int64_t i, double sum, double squares) {
    const double average = sum / static_cast<double>(m), square = squares / static_cast<double>(m);
    mean[i] = static_cast<float>(average);
    variance[i] = square > average * average ? static_cast<float>(square - average * average) : 0.f;
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
