// Average pooling and its adjoint: see pool2d.inl. Forward sums each column of a window, then along the row; backward
// sums along the rows, then along the columns.
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

// Floats from what add_taps reads and writes to what it will next.
struct PoolAhead {
  std::int64_t from = 0, to = 0;
};
// to = the sum of rows x columns inputs, divided where there is something to divide by. `ahead`, kAhead x kAhead pixels
// of what is read and, of more than one, one of what is written are fetched to L2.
template <int NI, int NJ, bool kDivide, int kAhead = 0>
void add_taps(const PoolPixels pixels, const PoolTaps t, const CountDivisor divisor, const float* const from,
              float* const to, const PoolAhead ahead = {}) {
  constexpr int W = kWidth;
  const int ni = NI ? NI : static_cast<int>(t.rows), nj = NJ ? NJ : static_cast<int>(t.columns);
  pixels.each([&](std::int64_t f, std::int64_t at, std::int64_t n) {
#pragma GCC unroll 2
    for (int a = 0; a < kAhead; ++a)
#pragma GCC unroll 2
      for (int b = 0; b < kAhead; ++b) fetch_to_l2(from + f + ahead.from + a * t.row_step + b * t.column_step);
    if constexpr (kAhead > 1) fetch_to_l2(to + at + ahead.to);
    Vector<W> sum{};
#pragma GCC unroll 3
    for (int b = 0; b < nj; ++b) {
      const float* const top = from + f + b * t.column_step;
      Vector<W> column = load_up_to<W>(top, n);
#pragma GCC unroll 3
      for (int a = 1; a < ni; ++a) column += load_up_to<W>(top + a * t.row_step, n);
      sum = b == 0 ? column : sum + column;
    }
    store_up_to<W>(to + at, kDivide ? divisor.divide(sum) : sum, n);
  });
}
// A row of 3x3 averages, NI rows of x inside the image: a column's sum is taken once for the windows it lies in, 3
// loads and 4 additions a vector instead of 9 and 8 at stride 1, 6 and 6 at stride 2. `next`: as in avg_pool_image, a
// row of it. Beyond 2 MB what is written next is fetched and, at stride 2, the two rows of x that are new.
template <int NI, int Stride>
void slide_averages(const PoolShape& s, const PoolCover& rows, const float* x, float* y, const float* next) {
  constexpr int W = kWidth;
  const std::int64_t c = s.channels, row = s.width * c, ow = s.out_width(), out_row = ow * c;
  const bool fetch = is_large(s);
  const float* const ahead = x + (rows.begin + NI) * row;
  const CountDivisor middle(window_count(s, rows, {0, 3, 0})), end(window_count(s, rows, cover(s, 0, s.width)));
  each_whole_vector(c, [&](std::int64_t f) {
    const auto column = [&](std::int64_t j) __attribute__((always_inline)) {
      const float* const at = x + rows.begin * row + j * c + f;
      Vector<W> sum = load<W>(at);
#pragma GCC unroll 2
      for (int a = 1; a < NI; ++a) sum += load<W>(at + a * row);
      if (Stride == 2 && fetch) fetch_to_l2(ahead + j * c + f), fetch_to_l2(ahead + row + j * c + f);
      return sum;
    };
    const auto take = [&](std::int64_t j, const Vector<W>& left, const Vector<W>& here, const Vector<W>& right)
        __attribute__((always_inline)) {
      float* const to = y + j * c + f;
      if (Stride == 1 && next) fetch_to_l2(next + j * c + f);
      if (fetch) fetch_to_l2(to + out_row);
      const bool on_right = j * Stride + 1 < s.width;
      if (j > 0 && on_right) return store<W>(to, middle.divide(left + here + right));
      store<W>(to, end.divide(j > 0 ? left + here : on_right ? here + right : here));
    };
    if constexpr (Stride == 1)
      slide(ow, Vector<W>{}, column, take);
    else
      slide_by_twos(ow, s.width, Vector<W>{}, column, take);
  });
}
// A row of the gradient of 3x3, from N rows of dy divided by their counts, `channels` floats a pixel: a column's sum is
// taken once for all the inputs it reaches.
template <int N>
void spread_averages(const PoolShape& s, const float* const* rows, std::int64_t channels, float* dx) {
  constexpr int W = kWidth;
  const std::int64_t c = s.channels, width = s.width, ow = s.out_width(), row = width * c;
  const bool fetch = wants_fetching(s, kLineFloats);
  const float* from[N];
  for (int a = 0; a < N; ++a) from[a] = rows[a];
  each_whole_vector(channels, [&](std::int64_t f) {
    const auto column = [&](std::int64_t j) __attribute__((always_inline)) {
      Vector<W> sum = load<W>(from[0] + j * channels + f);
#pragma GCC unroll 2
      for (int a = 1; a < N; ++a) sum += load<W>(from[a] + j * channels + f);
      return sum;
    };
    float* const to = dx + f;
    if (s.stride == 2)
      return slide_pairs(
          ow, Vector<W>{},
          column, [&](std::int64_t j, const Vector<W>& here, const Vector<W>& right) __attribute__((always_inline)) {
            if (fetch) fetch_to_l2(to + row + 2 * j * c), fetch_to_l2(to + row + (2 * j + 1) * c);
            store<W>(to + 2 * j * c, here);
            if (2 * j + 1 < width) store<W>(to + (2 * j + 1) * c, j + 1 < ow ? here + right : here);
          });
    slide(
        ow, Vector<W>{}, column,
        [&](std::int64_t j, const Vector<W>& left, const Vector<W>& here, const Vector<W>& right)
            __attribute__((always_inline)) {
              if (fetch) fetch_to_l2(to + row + j * c);
              const Vector<W> begun = j > 0 ? left + here : here;
              store<W>(to + j * c, j + 1 < ow ? begun + right : begun);
            });
  });
}
// to = the sum of `count` rows, which lie anywhere.
template <int N>
void add_rows(const std::int64_t n, const std::int64_t count, const float* const* rows, float* const to) {
  const float* from[N ? N : 16];
  for (int a = 0; a < (N ? N : count); ++a) from[a] = rows[a];
  each_vector<kWidth>(n, [&](std::int64_t f, std::int64_t left) {
    Vector<kWidth> sum = load_up_to<kWidth>(from[0] + f, left);
#pragma GCC unroll 3
    for (int a = 1; a < (N ? N : count); ++a) sum += load_up_to<kWidth>(from[a] + f, left);
    store_up_to<kWidth>(to + f, sum, left);
  });
}

// At stride 2 narrow rows of wide pixels, where a vector's next column is lines away, go window by window: by columns
// those of 144 channels and 4 columns would take 1.05 to 1.2 times as long on Zen 5.
inline bool averages_by_columns(const PoolShape& s) {
  return slides(s) && (s.stride == 1 || s.out_width() * kWidth > s.channels);
}

// One image, and at stride 1 `next` fetched meanwhile, as in max_pool_image.
inline void avg_pool_image(const PoolShape& s, const float* x, float* y, const float* next) {
  const std::int64_t ow = s.out_width(), c = s.channels;
  if (averages_by_columns(s)) {
    for (std::int64_t i = 0; i < s.out_height(); ++i) {
      const PoolCover rows = cover(s, i, s.height);
      with_count(rows.count, [&](auto n) {
        const std::int64_t at = i * ow * c;
        if constexpr (n.value > 0) {
          const auto slide_along = s.stride == 1 ? slide_averages<n.value, 1> : slide_averages<n.value, 2>;
          slide_along(s, rows, x, y + at, next ? next + at : nullptr);
        }
      });
    }
    return;
  }
  const bool fetch = is_large(s) && s.stride == 2;  // of three rows of windows two of x are new
  PoolRuns runs;
  window_runs(s, 0, ow, runs);
  for (std::int64_t i = 0; i < s.out_height(); ++i) {
    const PoolCover rows = cover(s, i, s.height);
    for (int j = 0; j < runs.count; ++j) {
      const PoolRun& run = runs.run[j];
      const float* in = x + (rows.begin * s.width + run.cover.begin) * c;
      with_counts(rows.count, run.cover.count, [&](auto ni, auto nj) {
        const auto add = [&](auto pixels_ahead) {
          add_taps<ni.value, nj.value, true, pixels_ahead.value>(
              {run.pixels, c, s.stride * c, c}, window_taps(s, rows, run.cover),
              CountDivisor(window_count(s, rows, run.cover)), in, y + (i * ow + run.j) * c,
              {rows.count * s.width * c, ow * c});
        };
        fetch ? add(Count<2>{}) : add(Count<0>{});
      });
    }
  }
}

void avg_pool2d(const PoolShape& s, const float* x, float* y) {
  const std::int64_t in = s.height * s.width * s.channels, out = s.out_height() * s.out_width() * s.channels;
  parallel_chunks(s.batch, [&](std::int64_t n) { avg_pool_image(s, x + n * in, y + n * out, next_image(s, x, n)); });
}

// The ring holds dy divided by its windows' counts; its last row the sums along the rows.
void avg_pool2d_grad(const PoolShape& s, const float* dy, float* dx) {
  const std::int64_t oh = s.out_height(), ow = s.out_width(), c = s.channels, pitch = kPoolRing / (s.kernel + 1);
  const auto add = is_large(s) ? add_taps<1, 1, true, 1> : add_taps<1, 1, true>;
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
      const bool sliding = slides(s) && strip.channels >= kWidth && strip.end - strip.begin == s.width;
      if (!sliding) input_runs(s, strip.begin, strip.end, inputs);
      std::int64_t next = 0;
      for (std::int64_t r = 0; r < s.height; ++r) {
        const PoolCover rows = covering(s, r, oh);
        for (; next < rows.begin + rows.count; ++next)
          for (int j = 0; j < windows.count; ++j) {
            const PoolRun& run = windows.run[j];
            const float* from = dy + ((image * oh + next) * ow + run.j) * c + strip.channel;
            add({run.pixels, strip.channels, c, strip.channels}, {},
                CountDivisor(window_count(s, cover(s, next, s.height), run.cover)), from,
                ring + next % s.kernel * pitch + (run.j - begin) * strip.channels, {ow * c});
          }
        float* const out = dx + (image * s.height + r) * s.width * c + strip.channel;
        if (rows.count == 0 || !covers_all(s))
          for (std::int64_t j = strip.begin; j < strip.end; ++j) clear(strip.channels, out + j * c);
        if (rows.count == 0) continue;
        const float* row[16];
        for (std::int64_t a = 0; a < rows.count; ++a) row[a] = ring + (rows.begin + a) % s.kernel * pitch;
        if (sliding) {
          with_count(rows.count, [&](auto n) {
            if constexpr (n.value > 0) spread_averages<n.value>(s, row, strip.channels, out);
          });
          continue;
        }
        with_count(rows.count,
                   [&](auto n) { add_rows<n.value>((end - begin) * strip.channels, rows.count, row, sums); });
        for (int j = 0; j < inputs.count; ++j) {
          const PoolRun& run = inputs.run[j];
          PoolTaps taps = input_taps(s, rows, run.cover);
          taps.rows = 1, taps.column_step = strip.channels;
          with_counts(1, run.cover.count, [&](auto ni, auto nj) {
            add_taps<ni.value, nj.value, false>({run.pixels, strip.channels, strip.channels, run.step * c}, taps,
                                                CountDivisor(1), sums + (run.cover.begin - begin) * strip.channels,
                                                out + run.j * c);
          });
        }
      }
    });
  });
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
