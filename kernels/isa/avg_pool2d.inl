// Average pooling and its adjoint: see pool2d.inl. Sums along the columns, then along the rows; backward the other way.
#pragma once
#include "kernels/isa/max_pool2d.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// x / count, correctly rounded: a quotient by the rounded reciprocal, corrected by its own remainder (Markstein 1990).
// 4 operations beside Zen 4's 10 cycles for a 512-bit division, which would be all the time there is for 128 bytes.
// Infinities keep their first quotient. Without FMA there is no exact remainder, and the division stays.
struct CountDivisor {
  float count, reciprocal;
  explicit CountDivisor(std::int64_t n) : count(static_cast<float>(n)), reciprocal(1 / count) {}
  NASCENT_INLINE Vector<kWidth> divide(Vector<kWidth> x) const {
#if defined(__FMA__)
    const Vector<kWidth> quotient = x * reciprocal, remainder = x - quotient * count;
    return select(unordered(remainder, remainder), quotient, quotient + remainder * reciprocal);
#else
    return x / count;
#endif
  }
};

inline std::int64_t window_count(const PoolShape& s, const PoolCover& rows, const PoolCover& columns) {
  return s.count_padding ? s.kernel * s.kernel : rows.count * columns.count;
}

// to = the sum of `count` rows.
template <int N>
void add_rows(const PoolPixels pixels, const std::int64_t count, const float* const* rows, const CountDivisor divisor,
              float* const to) {
  const float* from[N ? N : 16];
  for (int a = 0; a < (N ? N : count); ++a) from[a] = rows[a];
  pixels.each([&](std::int64_t f, std::int64_t t, std::int64_t n) {
    Vector<kWidth> sum = load_up_to<kWidth>(from[0] + f, n);
#pragma GCC unroll 3
    for (int a = 1; a < (N ? N : count); ++a) sum += load_up_to<kWidth>(from[a] + f, n);
    store_up_to<kWidth>(to + t, divisor.divide(sum), n);
  });
}
inline void add_rows(const PoolPixels& pixels, std::int64_t count, const float* const* rows,
                     const CountDivisor& divisor, float* to) {
  with_count(count, [&](auto n) { add_rows<n.value>(pixels, count, rows, divisor, to); });
}
// The same of rows that are one row `step` floats on each time.
inline void add_taps(const PoolPixels& pixels, std::int64_t count, const float* from, std::int64_t step, float* to) {
  const float* rows[16];
  for (std::int64_t a = 0; a < count; ++a) rows[a] = from + a * step;
  add_rows(pixels, count, rows, CountDivisor(1), to);
}

void avg_pool2d(const PoolShape& s, const float* x, float* y) {
  const std::int64_t oh = s.out_height(), ow = s.out_width(), c = s.channels, pitch = kPoolRing / (s.kernel + 1);
  parallel_chunks(s.batch, [&](std::int64_t image) {
    float ring[kPoolRing];
    each_strip(s, ow, pitch, 0, [&](const PoolStrip& strip) {
      PoolRuns runs;
      window_runs(s, strip.begin, strip.end, runs);
      std::int64_t next = 0;
      for (std::int64_t i = 0; i < oh; ++i) {
        const PoolCover rows = cover(s, i, s.height);
        if (next < rows.begin) next = rows.begin;
        for (; next < rows.begin + rows.count; ++next)
          for (int j = 0; j < runs.count; ++j) {
            const PoolRun& run = runs.run[j];
            const float* in = x + ((image * s.height + next) * s.width + run.cover.begin) * c + strip.channel;
            add_taps({run.pixels, strip.channels, s.stride * c, strip.channels}, run.cover.count, in, c,
                     ring + next % s.kernel * pitch + (run.j - strip.begin) * strip.channels);
          }
        for (int j = 0; j < runs.count; ++j) {
          const PoolRun& run = runs.run[j];
          const float* row[16];
          for (std::int64_t u = 0; u < rows.count; ++u)
            row[u] = ring + (rows.begin + u) % s.kernel * pitch + (run.j - strip.begin) * strip.channels;
          add_rows({run.pixels, strip.channels, strip.channels, c}, rows.count, row,
                   CountDivisor(window_count(s, rows, run.cover)),
                   y + ((image * oh + i) * ow + run.j) * c + strip.channel);
        }
      }
    });
  });
}

// The ring holds dy divided by its windows' counts; its last row the sums along the rows.
void avg_pool2d_grad(const PoolShape& s, const float* dy, float* dx) {
  const std::int64_t oh = s.out_height(), ow = s.out_width(), c = s.channels, pitch = kPoolRing / (s.kernel + 1);
  parallel_chunks(s.batch, [&](std::int64_t image) {
    float ring[kPoolRing];
    float* const sums = ring + s.kernel * pitch;
    each_strip(s, s.width, pitch, s.kernel - 1, [&](const PoolStrip& strip) {
      // The windows that cover some column of the strip, and the strip's columns by them.
      const PoolCover last = covering(s, strip.end - 1, ow);
      const std::int64_t begin = covering(s, strip.begin, ow).begin;
      const std::int64_t end = last.begin + last.count < ow ? last.begin + last.count : ow;
      PoolRuns windows, inputs;
      window_runs(s, begin, end, windows);
      input_runs(s, strip.begin, strip.end, inputs);
      std::int64_t next = 0;
      for (std::int64_t r = 0; r < s.height; ++r) {
        const PoolCover rows = covering(s, r, oh);
        for (; next < rows.begin + rows.count; ++next)
          for (int j = 0; j < windows.count; ++j) {
            const PoolRun& run = windows.run[j];
            const float* from = dy + ((image * oh + next) * ow + run.j) * c + strip.channel;
            add_rows({run.pixels, strip.channels, c, strip.channels}, 1, &from,
                     CountDivisor(window_count(s, cover(s, next, s.height), run.cover)),
                     ring + next % s.kernel * pitch + (run.j - begin) * strip.channels);
          }
        float* const out = dx + (image * s.height + r) * s.width * c + strip.channel;
        if (rows.count == 0 || !covers_all(s))
          for (std::int64_t j = strip.begin; j < strip.end; ++j) clear(strip.channels, out + j * c);
        if (rows.count == 0) continue;
        const float* row[16];
        for (std::int64_t a = 0; a < rows.count; ++a) row[a] = ring + (rows.begin + a) % s.kernel * pitch;
        add_rows({end - begin, strip.channels, strip.channels, strip.channels}, rows.count, row, CountDivisor(1), sums);
        for (int j = 0; j < inputs.count; ++j) {
          const PoolRun& run = inputs.run[j];
          add_taps({run.pixels, strip.channels, strip.channels, run.step * c}, run.cover.count,
                   sums + (run.cover.begin - begin) * strip.channels, strip.channels, out + run.j * c);
        }
      }
    });
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
