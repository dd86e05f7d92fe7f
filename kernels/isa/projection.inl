// Projection: some rows of the parts are gathered through the ReLU into L1 and multiplied there, for all heads at once:
// their weights lie side by side, so that two of 8 channels fill a vector. With C channels in and K out, 2*K FLOP for
// each of C floats read: at 64 to 16 channels 8 FLOP a byte, compute-bound even from DRAM.
#pragma once
#include "kernels/isa/edge_scratch.inl"
#include "kernels/isa/pointwise_weight_grad.inl"
#include "kernels/isa/projection_gather.inl"
#include "kernels/projection_block.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// C = A B of a block: A [pixels, k] with rows a_step apart, B packed, C [pixels, columns] with rows c_step apart.
// `next` is read by the next block, `written` written after this product: tensors whose lines the steps fetch, tiles by
// turns, for cores have few fetches under way, and bursts of them wait for each other.
inline void project(std::int64_t pixels, std::int64_t k, const float* a, std::int64_t a_step, const float* packed,
                    std::int64_t columns, float* c, std::int64_t c_step, const Fetched& next, const Fetched& written) {
  each_panel(columns, [&](const Panel& panel) {
    const int turns = panel.begin == 0 ? next.turns() : 1;
    each_tile_run(pixels, max_rows(panel.vectors), [&](std::int64_t begin, std::int64_t height, std::int64_t count) {
      for (int turn = 0; turn < turns; ++turn) {
        const std::int64_t first = count * turn / turns, last = count * (turn + 1) / turns;
        if (first == last) continue;
        const std::int64_t pixel = begin + first * height;
        const int target = turn * written.count / turns;
        const bool begins = turn * written.count % turns < written.count;  // a target's first turn is enough for it
        panel.along_k[height - 1]({.a = a + pixel * a_step,
                                   .a_stride = a_step,
                                   .k = k,
                                   .b = packed + panel.begin * k,
                                   .b_step = panel.width,
                                   .c = c + pixel * c_step + panel.begin,
                                   .c_row = c_step,
                                   .columns = panel.columns,
                                   .count = last - first,
                                   .ahead = panel.begin == 0 ? next.at(turn, begin) : nullptr,
                                   .also_ahead = panel.begin == 0 && begins ? written.at(target, begin) : nullptr,
                                   .ahead_step = height});
      }
    });
  });
}

// Where a head's outputs of tap t are: `column` among those of all heads for this tap, `own` among the head's.
struct TapColumns {
  std::int64_t column, own;
};
// body(h, its tap t, TapColumns) for every head h; returns the outputs of all of them.
template <class Body>
NASCENT_INLINE std::int64_t each_head_of_tap(const Projection& p, std::int64_t t, const Body& body) {
  std::int64_t column = 0;
  for (int h = 0; h < p.heads; ++h) {
    std::int64_t own = 0;
    for (std::int64_t before = 0; before < t; ++before) own += p.head[h].tap[before].outputs;
    body(h, p.head[h].tap[t], TapColumns{column, own});
    column += p.head[h].tap[t].outputs;
  }
  return column;
}
NASCENT_INLINE std::int64_t outputs_of_tap(const Projection& p, std::int64_t t) {
  return each_head_of_tap(p, t, [](int, const ProjectionTap&, TapColumns) {});
}

// Lays the heads' weights side by side in `wide`, tap by tap, and packs them one tap behind the other, for z or for dr;
// returns what follows.
inline float* pack_taps(const Projection& p, const ProjectionBlock& block, bool forward, float* wide, float* to) {
  for (std::int64_t t = 0; t < p.stride; ++t) {
    const std::int64_t outputs = outputs_of_tap(p, t), k = forward ? block.in : outputs;
    each_head_of_tap(p, t, [&](int, const ProjectionTap& tap, TapColumns at) {
      copy_columns(block.in, tap.outputs, tap.w, tap.outputs, wide + at.column, outputs);
    });
    each_panel(forward ? outputs : block.in, [&](const Panel& panel) {
      pack_panel(panel, k, wide, forward ? outputs : 1, forward ? 1 : outputs, to + panel.begin * k);
    });
    wide += block.in * outputs;
    to += forward ? block.packed_forward(outputs) : block.packed_backward(outputs);
  }
  return to;
}

// A block's outputs [pixels][taps][heads' outputs] to the heads' own pixels from `at` on. One head's are in place.
inline void part_outputs(const Projection& p, std::int64_t pixels, std::int64_t at, std::int64_t step,
                         const float* block) {
  for (std::int64_t t = 0; t < p.stride; ++t)
    block += each_head_of_tap(p, t, [&](int h, const ProjectionTap& tap, TapColumns columns) {
      const std::int64_t c = p.outputs(h);
      copy_columns(pixels, tap.outputs, block + columns.column, step, p.head[h].z + at * c + columns.own, c);
    });
}

// The gradients of a block's outputs, laid out in the same way; coefficients [heads][3][period]. `own`: one head's.
inline void join_gradients(const Projection& p, std::int64_t pixels, std::int64_t at, std::int64_t step,
                           const float* coefficients, float* own, float* block) {
  for (int h = 0; h < p.heads; ++h) {
    const ProjectionGrad& grad = p.head[h].grad;
    const std::int64_t c = p.outputs(h);
    fill_gradient_dense(pixels, c, coefficient_lanes(c), grad.dy + at * c, grad.z + at * c, coefficients,
                        p.heads == 1 ? block : own);
    coefficients += 3 * coefficient_period(c);
    if (p.heads == 1) return;
    float* to = block;
    for (std::int64_t t = 0; t < p.stride; ++t)
      to += each_head_of_tap(p, t, [&](int other, const ProjectionTap& tap, TapColumns columns) {
        if (other == h) copy_columns(pixels, tap.outputs, own + columns.own, c, to + columns.column, step);
      });
  }
}

// Of a block that ends at `row` of an image: what is gathered for the next, and what its gradients are made of. At
// stride 2 the rows that are gathered lie apart, and are not fetched.
inline Fetched next_gathered(const Projection& p, std::int64_t image, std::int64_t row) {
  Fetched next;
  const std::int64_t pixel = (image * p.height + row) * p.width;
  for (int k = 0; k < p.parts && p.stride == 1 && pixel < p.batch * p.height * p.width; ++k)
    next.add(p.part[k].x, pixel, p.part[k].channels);
  return next;
}
inline Fetched next_gradients(const Projection& p, std::int64_t image, std::int64_t row) {
  Fetched next;
  const std::int64_t pixel = (image * p.out_height() + row) * p.out_width();
  for (int h = 0; h < p.heads && pixel < p.batch * p.out_height() * p.out_width(); ++h)
    for (const float* tensor : {p.head[h].grad.dy, p.head[h].grad.z}) next.add(tensor, pixel, p.outputs(h));
  return next;
}

template <class Body>
NASCENT_INLINE void each_block(const Projection& p, const ProjectionBlock& block, const Body& body) {
  for (std::int64_t row = 0; row < p.out_height(); row += block.rows) {
    const std::int64_t left = p.out_height() - row;
    body(row, left < block.rows ? left : block.rows);
  }
}

void projection_forward(const Projection& projection, float* scratch) {
  const Projection p = projection;
  const ProjectionBlock block = ProjectionBlock::of(p);
  const std::int64_t pixels = p.out_height() * p.out_width();
  float *image_sums = scratch, *wide = image_sums + round_up(p.batch * 2 * block.out, 16),
        *packed = wide + round_up(block.in * block.out, 16);
  float* blocks = pack_taps(p, block, true, wide, packed);
  parallel_chunks(p.batch, [&](std::int64_t n) {
    float *gathered = blocks + worker() * block.worker_floats(), *written = gathered + block.gathered();
    each_block(p, block, [&](std::int64_t row, std::int64_t rows) {
      const std::int64_t count = rows * p.out_width(), at = n * pixels + row * p.out_width();
      const float* weights = packed;
      float* const out = p.heads == 1 ? p.head[0].z + at * block.out : written;
      float* to = out;
      Fetched z;
      for (int h = 0; h < p.heads && p.heads > 1; ++h) z.add(p.head[h].z, at, p.outputs(h));
      for (std::int64_t t = 0; t < p.stride; ++t) {
        const std::int64_t outputs = outputs_of_tap(p, t);
        gather_relu(p, {p, t, row, rows}, n, block.in, gathered);
        project(count, block.in, gathered, block.in, weights, outputs, to, block.out, next_gathered(p, n, row + rows),
                z);
        to += outputs, weights += block.packed_forward(outputs);
      }
      if (p.heads > 1) part_outputs(p, count, at, block.out, out);
    });
    float* sums = image_sums + n * 2 * block.out;
    for (int h = 0; h < p.heads; ++h) {
      const std::int64_t c = p.outputs(h);
      const float* image = p.head[h].z + n * pixels * c;
      column_sums(pixels, c, image, image, false, sums);
      sums += 2 * c;
    }
  });
  for (int h = 0; h < p.heads; image_sums += 2 * p.outputs(h++))
    statistics_of_sums(p.batch, p.batch * pixels, p.outputs(h), 2 * block.out, image_sums, p.head[h].mean,
                       p.head[h].variance);
}

// The gradients of the weights from what the chunks left: [chunks][taps][in][heads' outputs].
inline void add_weight_gradients(const Projection& p, const ProjectionBlock& block, std::int64_t chunks,
                                 const float* from) {
  for (std::int64_t t = 0; t < p.stride; ++t) {
    const std::int64_t outputs = outputs_of_tap(p, t), grain = outputs >= 1024 ? 1 : 1024 / outputs;
    parallel_ranges(block.in, grain, [&](std::int64_t begin, std::int64_t end) {
      each_head_of_tap(p, t, [&](int, const ProjectionTap& tap, TapColumns columns) {
        for (std::int64_t row = begin; tap.dw && row < end; ++row)
          add_chunks(tap.outputs, chunks, block.in * block.out, from + row * outputs + columns.column,
                     tap.dw + row * tap.outputs);
      });
    });
    from += block.in * outputs;
  }
}

void projection_backward(const Projection& projection, float* scratch) {
  const Projection p = projection;
  const ProjectionBlock block = ProjectionBlock::of(p);
  const std::int64_t pixels = p.out_height() * p.out_width(), weights = block.in * block.out;
  const std::int64_t chunks = edge_grad_chunks(p.batch, pixels, block.out);
  float *const coefficients = scratch, *wide = scratch;
  bool dx = false, dw = false;
  for (int h = 0; h < p.heads; ++h) {
    const std::int64_t c = p.outputs(h);
    for (const float* values : {p.head[h].grad.a, p.head[h].grad.b, p.head[h].grad.d}) {
      repeat_channels(c, coefficient_lanes(c), values, 0, wide);
      wide += coefficient_period(c);
    }
    for (std::int64_t t = 0; t < p.stride; ++t) dw = dw || p.head[h].tap[t].dw;
  }
  for (int k = 0; k < p.parts; ++k) dx = dx || p.part[k].dx;
  float* const packed = wide + round_up(weights, 16);
  float* const dw_parts = pack_taps(p, block, false, wide, packed);
  float* const blocks = dw_parts + chunks * round_up(weights, 16);

  parallel_chunks(chunks, [&](std::int64_t chunk) {
    float *gathered = blocks + worker() * block.worker_floats(), *gradient = gathered + block.gathered(),
          *dz = gradient + block.gathered(), *one_head = dz + block.written(), *own = dw_parts + chunk * weights;
    clear(weights, own);
    for (std::int64_t n = chunk_begin(p.batch, chunks, chunk); n < chunk_begin(p.batch, chunks, chunk + 1); ++n) {
      if (p.stride > 1)
        for (int k = 0; k < p.parts; ++k) {
          const std::int64_t image = p.height * p.width * p.part[k].channels;
          if (p.part[k].dx && !p.part[k].add) clear(image, p.part[k].dx + n * image);
        }
      each_block(p, block, [&](std::int64_t row, std::int64_t rows) {
        const std::int64_t count = rows * p.out_width();
        const Fetched next = next_gathered(p, n, row + rows), gradients = next_gradients(p, n, row + rows);
        join_gradients(p, count, n * pixels + row * p.out_width(), block.out, coefficients, one_head, dz);
        const float *packed_tap = packed, *dz_tap = dz;
        float* dw_tap = own;
        for (std::int64_t t = 0; t < p.stride; ++t) {
          const std::int64_t outputs = outputs_of_tap(p, t);
          const ProjectionRows tap_rows{p, t, row, rows};
          gather_relu(p, tap_rows, n, block.in, gathered);
          if (dw)
            add_pointwise_weight_grad({.pixels = count,
                                       .in = block.in,
                                       .out = outputs,
                                       .a = gathered,
                                       .a_step = block.in,
                                       .dz = dz_tap,
                                       .dz_step = block.out,
                                       .dw = dw_tap},
                                      next);
          if (dx) {
            project(count, outputs, dz_tap, block.out, packed_tap, block.in, gradient, block.in, gradients, {});
            scatter_gated(p, tap_rows, n, block.in, gathered, gradient);
          }
          packed_tap += block.packed_backward(outputs), dz_tap += outputs, dw_tap += block.in * outputs;
        }
      });
    }
  });
  if (dw) add_weight_gradients(p, block, chunks, dw_parts);
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
