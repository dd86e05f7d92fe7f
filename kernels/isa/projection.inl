// Projection: some rows of the parts are gathered through the ReLU into L1 and multiplied there. With C channels in and
// K out, 2*K FLOP for each of C floats read: at 64 to 16 channels 8 FLOP a byte, compute-bound even from DRAM.
#pragma once
#include "kernels/isa/edge_scratch.inl"
#include "kernels/projection_block.h"

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
    if (kWriteLater) __builtin_prefetch(write_later, 1), write_later += from_step;
  }
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

// C = A B of a block: A [pixels, k] with rows a_step apart, B packed, C [pixels, columns] with rows c_step apart.
inline void project(std::int64_t pixels, std::int64_t k, const float* a, std::int64_t a_step, const float* packed,
                    std::int64_t columns, float* c, std::int64_t c_step) {
  each_panel(columns, [&](const Panel& panel) {
    each_tile_run(pixels, max_rows(panel.vectors), [&](std::int64_t begin, std::int64_t height, std::int64_t count) {
      panel.along_k[height - 1]({.a = a + begin * a_step,
                                 .a_stride = a_step,
                                 .k = k,
                                 .b = packed + panel.begin * k,
                                 .b_step = panel.width,
                                 .c = c + begin * c_step + panel.begin,
                                 .c_row = c_step,
                                 .columns = panel.columns,
                                 .count = count});
    });
  });
}

// dw += block^T dz
inline void add_weight_gradient(std::int64_t pixels, std::int64_t in, const float* block, const float* dz,
                                std::int64_t dz_step, std::int64_t outputs, float* dw) {
  each_panel(outputs, [&](const Panel& panel) {
    each_tile(in, max_rows(panel.vectors), [&](std::int64_t row, std::int64_t height) {
      panel.along_rows[height - 1]({.a = block + row,
                                    .a_stride = in,
                                    .k = pixels,
                                    .b = dz + panel.begin,
                                    .b_step = dz_step,
                                    .c = dw + row * outputs + panel.begin,
                                    .c_row = outputs,
                                    .columns = panel.columns,
                                    .add = true});
    });
  });
}

// Packs the taps' weights one behind the other, for z or for dr; returns what follows.
inline float* pack_taps(const Projection& p, const ProjectionBlock& block, bool forward, float* to) {
  for (int t = 0; t < p.taps; ++t) {
    const std::int64_t outputs = p.tap[t].outputs, k = forward ? block.in : outputs;
    each_panel(forward ? outputs : block.in, [&](const Panel& panel) {
      pack_panel(panel, k, p.tap[t].w, forward ? outputs : 1, forward ? 1 : outputs, to + panel.begin * k);
    });
    to += forward ? block.packed_forward(outputs) : block.packed_backward(outputs);
  }
  return to;
}

template <class Body>
NASCENT_INLINE void each_block(const Projection& p, const ProjectionBlock& block, const Body& body) {
  for (std::int64_t row = 0; row < p.out_height(); row += block.rows) {
    const std::int64_t left = p.out_height() - row;
    body(row, left < block.rows ? left : block.rows);
  }
}

void projection_forward(const Projection& projection, float* z, float* mean, float* variance, float* scratch) {
  const Projection p = projection;
  const ProjectionBlock block = ProjectionBlock::of(p);
  const std::int64_t c = block.out, pixels = p.out_height() * p.out_width();
  float *image_sums = scratch, *packed = image_sums + round_up(p.batch * 2 * c, 16);
  float* blocks = pack_taps(p, block, true, packed);
  parallel_chunks(p.batch, [&](std::int64_t n) {
    float *gathered = blocks + worker() * block.gathered(), *image = z + n * pixels * c;
    each_block(p, block, [&](std::int64_t row, std::int64_t rows) {
      const float* weights = packed;
      float* to = image + row * p.out_width() * c;
      for (int t = 0; t < p.taps; to += p.tap[t].outputs, weights += block.packed_forward(p.tap[t++].outputs)) {
        gather_relu(p, {p, p.tap[t].offset, row, rows}, n, block.in, gathered);
        project(rows * p.out_width(), block.in, gathered, block.in, weights, p.tap[t].outputs, to, c);
      }
    });
    column_sums(pixels, c, image, image, false, image_sums + n * 2 * c);
  });
  statistics_of_sums(p.batch, p.batch * pixels, c, 2 * c, image_sums, mean, variance);
}

void projection_backward(const Projection& projection, const ProjectionGrad& grad, float* scratch) {
  const Projection p = projection;
  const ProjectionBlock block = ProjectionBlock::of(p);
  const std::int64_t c = block.out, pixels = p.out_height() * p.out_width(), period = block.period();
  const std::int64_t lanes = block.lanes(), chunks = edge_grad_chunks(p.batch, pixels, c);
  float *coefficients = scratch, *packed = coefficients + 3 * period;
  repeat_channels(c, lanes, grad.a, 0, coefficients);
  repeat_channels(c, lanes, grad.b, 0, coefficients + period);
  repeat_channels(c, lanes, grad.d, 0, coefficients + 2 * period);
  float* dw_parts = pack_taps(p, block, false, packed);
  float* blocks = dw_parts + round_up(chunks * block.in * c, 16);
  bool dx = false;
  for (int k = 0; k < p.parts; ++k) dx = dx || p.part[k].dx;

  parallel_chunks(chunks, [&](std::int64_t chunk) {
    float *gathered = blocks + worker() * block.worker_floats(), *gradient = gathered + block.gathered(),
          *dz = gradient + block.gathered(), *own = dw_parts + chunk * block.in * c;
    clear(block.in * c, own);
    for (std::int64_t n = chunk_begin(p.batch, chunks, chunk); n < chunk_begin(p.batch, chunks, chunk + 1); ++n) {
      if (p.stride > 1)
        for (int k = 0; k < p.parts; ++k) {
          const std::int64_t image = p.height * p.width * p.part[k].channels;
          if (p.part[k].dx && !p.part[k].add) clear(image, p.part[k].dx + n * image);
        }
      each_block(p, block, [&](std::int64_t row, std::int64_t rows) {
        const std::int64_t count = rows * p.out_width(), at = (n * pixels + row * p.out_width()) * c;
        fill_gradient_dense(count, c, lanes, grad.dy + at, grad.z + at, coefficients, dz);
        const float *weights = packed, *dz_tap = dz;
        float* dw = own;
        for (int t = 0; t < p.taps; ++t) {
          const std::int64_t outputs = p.tap[t].outputs;
          const ProjectionRows tap_rows{p, p.tap[t].offset, row, rows};
          gather_relu(p, tap_rows, n, block.in, gathered);
          if (p.tap[t].dw) add_weight_gradient(count, block.in, gathered, dz_tap, c, outputs, dw);
          if (dx) {
            project(count, outputs, dz_tap, c, weights, block.in, gradient, block.in);
            scatter_gated(p, tap_rows, n, block.in, gathered, gradient);
          }
          weights += block.packed_backward(outputs), dz_tap += outputs, dw += block.in * outputs;
        }
      });
    }
  });
  const float* from = dw_parts;
  for (int t = 0; t < p.taps; from += block.in * p.tap[t++].outputs)
    if (p.tap[t].dw)
      parallel_ranges(block.in * p.tap[t].outputs, 1024, [&](std::int64_t begin, std::int64_t end) {
        add_chunks(end - begin, chunks, block.in * c, from + begin, p.tap[t].dw + begin);
      });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
