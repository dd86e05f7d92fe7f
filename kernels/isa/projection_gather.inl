// What a projection reads and where its gradient goes: rows of the parts to a block of whole pixels in L1 and back, and
// columns of a block to tensors of their own.
#pragma once
#include "kernels/isa/padded_band.inl"
#include "kernels/isa/plane.inl"
#include "kernels/projection.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Rows [begin, begin + rows) of the output as a tap meets them. inside(pixel of the image, pixel of the block, count)
// for each run of what it reads, outside(pixel of the block, count) for what lies beyond the border.
struct ProjectionRows {
  const Projection& p;
  std::int64_t offset, begin, rows;

  template <class Inside, class Outside>
  NASCENT_INLINE void each(const Inside& inside, const Outside& outside) const {
    const std::int64_t columns = p.out_width(), room = (p.width - offset + p.stride - 1) / p.stride;
    const std::int64_t met = room < 0 ? 0 : room < columns ? room : columns;
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t row = (begin + i) * p.stride + offset, pixel = i * columns;
      const std::int64_t here = row < p.height ? met : 0;
      if (here > 0) inside(row * p.width + offset, pixel, here);
      if (here < columns) outside(pixel + here, columns - here);
    }
  }
};

// run(c, n) for each vector of channels: whole vectors, eight or four lanes where those are left, else n masked.
template <class Run>
NASCENT_INLINE void each_channel_vector(std::int64_t channels, const Run& run) {
  std::int64_t c = 0;
  for (; c + kWidth <= channels; c += kWidth) run.template operator()<kWidth>(c, Whole<kWidth>{});
  if constexpr (kWidth > 8)
    if (c + 8 <= channels) run.template operator()<8>(c, Whole<8>{}), c += 8;
  if constexpr (kWidth > 4)
    if (c + 4 <= channels) run.template operator()<4>(c, Whole<4>{}), c += 4;
  if (c < channels) run.template operator()<4>(c, channels - c);
}

// Values only: through a closure's references GCC would load and store the pointers once a pixel.
template <int W, bool kWriteLater, class Lanes>
NASCENT_INLINE void gather_pixels(std::int64_t count, const float* __restrict from, std::int64_t from_step,
                                  float* __restrict to, std::int64_t to_step, const float* write_later, Lanes n) {
#pragma GCC unroll 4
  for (; count > 0; --count, from += from_step, to += to_step) {
    const Vector<W> v = load_up_to<W>(from, n);
    store_up_to<W>(to, v < 0 ? Vector<W>{} : v, n);
    if (kWriteLater) fetch_to_l2(write_later), write_later += from_step;
  }
}
template <int W, class Lanes>
NASCENT_INLINE void copy_pixels(std::int64_t count, const float* __restrict from, std::int64_t from_step,
                                float* __restrict to, std::int64_t to_step, Lanes n) {
#pragma GCC unroll 4
  for (; count > 0; --count, from += from_step, to += to_step) store_up_to<W>(to, load_up_to<W>(from, n), n);
}
template <int W, bool kAdd, class Lanes>
NASCENT_INLINE void scatter_pixels(std::int64_t count, const float* __restrict gate, const float* __restrict gradient,
                                   std::int64_t from_step, float* __restrict to, std::int64_t to_step, Lanes n) {
#pragma GCC unroll 4
  for (; count > 0; --count, gate += from_step, gradient += from_step, to += to_step) {
    Vector<W> v = load_up_to<W>(gate, n) > 0 ? load_up_to<W>(gradient, n) : Vector<W>{};
    if (kAdd) v += load_up_to<W>(to, n);
    store_up_to<W>(to, v, n);
  }
}

// block[pixel][channels in] = relu of what the tap reads. Where dx will be written, its lines are on their way while
// the block is multiplied.
inline void gather_relu(const Projection& p, const ProjectionRows& rows, std::int64_t image, std::int64_t in,
                        float* block) {
  std::int64_t first = 0;
  for (int k = 0; k < p.parts; first += p.part[k++].channels) {
    const std::int64_t c = p.part[k].channels, offset = image * p.height * p.width * c, step = p.stride * c;
    const float *x = p.part[k].x + offset, *dx = p.part[k].dx ? p.part[k].dx + offset : nullptr;
    rows.each(
        [&](std::int64_t pixel, std::int64_t at, std::int64_t count) {
          each_channel_vector(c, [&]<int W>(std::int64_t lane, auto n) {
            const float* from = x + pixel * c + lane;
            float* to = block + at * in + first + lane;
            dx ? gather_pixels<W, true>(count, from, step, to, in, dx + pixel * c + lane, n)
               : gather_pixels<W, false>(count, from, step, to, in, nullptr, n);
          });
        },
        [&](std::int64_t at, std::int64_t count) {
          for (std::int64_t j = 0; j < count; ++j) clear(c, block + (at + j) * in + first);
        });
  }
}

// dx (+)= [block > 0] * gradient where the tap read.
inline void scatter_gated(const Projection& p, const ProjectionRows& rows, std::int64_t image, std::int64_t in,
                          const float* block, const float* gradient) {
  std::int64_t first = 0;
  for (int k = 0; k < p.parts; first += p.part[k++].channels) {
    if (!p.part[k].dx) continue;
    const std::int64_t c = p.part[k].channels, step = p.stride * c;
    float* dx = p.part[k].dx + image * p.height * p.width * c;
    rows.each(
        [&](std::int64_t pixel, std::int64_t at, std::int64_t count) {
          const std::int64_t from = at * in + first;
          each_channel_vector(c, [&]<int W>(std::int64_t lane, auto n) {
            const float *gate = block + from + lane, *gated = gradient + from + lane;
            float* to = dx + pixel * c + lane;
            p.part[k].add ? scatter_pixels<W, true>(count, gate, gated, in, to, step, n)
                          : scatter_pixels<W, false>(count, gate, gated, in, to, step, n);
          });
        },
        [](std::int64_t, std::int64_t) {});
  }
}

// Some columns of a block's pixels.
inline void copy_columns(std::int64_t pixels, std::int64_t columns, const float* from, std::int64_t from_step,
                         float* to, std::int64_t to_step) {
  each_channel_vector(columns, [&]<int W>(std::int64_t lane, auto n) {
    copy_pixels<W>(pixels, from + lane, from_step, to + lane, to_step, n);
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
