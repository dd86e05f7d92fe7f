// Depthwise convolution with a kernel known to the compiler: each pixel is loaded once a kernel row and used by every
// output whose window it lies in. Zen 4 feeds an FMA from memory in 1.6 cycles and from a register in 1; of 3x3
// at stride 1, 8 outputs take 10 pixels and 3 weights for 24 FMAs. Sums run in order of taps, as in depthwise_rows.inl.
// Pixels outside the image are left out, so no copy with borders of zeros is needed: it took as long as 3x3 itself.
#pragma once
#include "kernels/isa/depthwise_rows.inl"
#include "kernels/isa/padded_band.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// The pixels from q = 0 on that lie in the image, a bit each: those of [begin, end).
inline std::uint32_t bits_inside(std::int64_t begin, std::int64_t end) {
  const auto below = [](std::int64_t n) { return n <= 0 ? 0 : n >= 32 ? ~0u : (1u << n) - 1; };
  return below(end) & ~below(begin);
}

// Rows of outputs of one image. x and y are those of the first output; what its first tap reads may not exist.
struct WindowRows {
  const float* x;
  std::int64_t x_row, x_step;  // floats between rows of the image, and between its pixels
  const float* w;
  std::int64_t w_row, w_step;  // floats between kernel rows and between taps; negative: the kernel reversed
  float* y;
  std::int64_t y_row, y_step;
  std::int64_t rows, columns;  // of outputs
  std::int64_t kernel_h;
  std::int64_t first_row = 0, last_row = kEverywhere, first = 0, last = kEverywhere;  // rows, columns that exist from x
  bool add = false;                                                                   // y += rather than y =
  // What is needed next begins here, floats for every output and lane, y to be written as a rule: fetched to L2 in the
  // order of memory, a share with each vector of lanes. Null: nothing.
  const float *next_x = nullptr, *next_y = nullptr;
  std::int64_t next_x_floats = 0, next_y_floats = 0;

  // Pixels of so many lanes and outputs lie one behind the other, and all columns exist.
  bool side_by_side(std::int64_t lanes) const {
    return x_step == lanes && y_step == lanes && first <= 0 && last == kEverywhere;
  }
};

// Pixels at the ends of a window that may not exist: half of it.
constexpr int missing_taps(int kernel, int dilation) { return ((kernel - 1) * dilation + 1) / 2; }

// C floats, repeated to fill a vector.
template <int W, int C>
NASCENT_INLINE Vector<W> load_repeated(const float* p) {
  static_assert(W == C || (W == 16 && C == 8));
  const Vector<C> v = load<C>(p);
  if constexpr (W == C)
    return v;
  else
    return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
}

// Sixteen sums at a time rather than eight, where there are registers: an FMA waits 4 cycles for the one before it on
// its sum, when two could begin in each; and eight sums of 3x3 are 72 FMAs, few beside what a call takes by itself.
constexpr bool kSixteenSums = kRegisters == 32;

// P outputs of V vectors from `kernel_rows` rows; of their pixels those with a bit in `inside`, or all. A vector is W
// lanes of a pixel, or W / C whole pixels side by side. The windows of neighbouring outputs begin Apart pixels apart.
template <int W, int C, int V, int P, int KW, int Apart, int Dilation, bool kAll>
[[gnu::noinline]] void run_window(const WindowRows& r, const float* x, const float* w, float* y,
                                  std::int64_t kernel_rows, std::uint32_t inside) {
  constexpr int kPixels = (P - 1) * Apart + (KW - 1) * Dilation + 1, kEnd = missing_taps(KW, Dilation);
  Vector<W> sum[V][P];
  const std::int64_t step = r.x_step, w_step = r.w_step, x_row = Dilation * r.x_row, w_row = r.w_row;
  const auto each_output = [&](const auto& body) __attribute__((always_inline)) {
    float* at = opaque(y);
    const std::int64_t y_step = W / C * r.y_step;
    unrolled<P>([&](auto p) __attribute__((always_inline)) {
      unrolled<V>([&](auto i) __attribute__((always_inline)) { body(sum[i.value][p.value], at + i.value * W); });
      at = opaque(at + y_step);
    });
  };
  if (r.add)
    each_output([](Vector<W> & of, const float* at) __attribute__((always_inline)) { of = load<W>(at); });
  else
    each_output([](Vector<W> & of, const float*) __attribute__((always_inline)) { of = Vector<W>{}; });
  for (std::int64_t u = kernel_rows; u > 0; --u, x += x_row, w += w_row) {
    Vector<W> weight[V][KW];
    const float *tap = w, *pixel = x;
#pragma GCC unroll 8
    for (int v = 0; v < KW; ++v, tap = opaque(tap + w_step))
      unrolled<V>([&](auto i)
                      __attribute__((always_inline)) { weight[i.value][v] = load_repeated<W, C>(tap + i.value * W); });
    inside = opaque(inside);
    unrolled<kPixels>([&](auto q) __attribute__((always_inline)) {
      const auto add = [&]() __attribute__((always_inline)) {
        unrolled<V>([&](auto i) __attribute__((always_inline)) {
          const Vector<W> value = load_once<W>(pixel + i.value * W);
#pragma GCC unroll 8
          for (int v = 0; v < KW; ++v) {
            const int at = q.value - v * Dilation;
            if (at >= 0 && at % Apart == 0 && at / Apart < P) sum[i.value][at / Apart] += value * weight[i.value][v];
          }
        });
      };
      if constexpr (kAll || (q.value >= kEnd && q.value < kPixels - kEnd))
        add();
      else if (inside >> q.value & 1)
        add();
      pixel = opaque(pixel + step);
    });
  }
  each_output([](const Vector<W>& of, float* at) __attribute__((always_inline)) { store<W>(at, of); });
}

// The next `floats` from p on.
NASCENT_INLINE const float* fetch(const float* p, std::int64_t floats, bool write) {
  for (std::int64_t line = floats / 16; line > 0; --line, p += 16)
    write ? __builtin_prefetch(p, 1, 2) : __builtin_prefetch(p, 0, 2);
  return p;
}

// One row of outputs, of which `done` are there.
template <int KW, int Stride, int Dilation>
struct WindowRow {
  const WindowRows& r;
  const float *x, *w;
  float* y;
  std::int64_t kernel_rows, done = 0;

  // P outputs at a time. Where that does not divide what is left, the last ones are computed again; where they are
  // added to, or more than eight, they stay undone.
  template <int W, int C, int V, int P>
  NASCENT_INLINE void run(const float*& next_x, const float*& next_y) {
    constexpr int kApart = W / C * Stride, kOutputs = W / C * P;
    constexpr int kPixels = (kOutputs - 1) * Stride + (KW - 1) * Dilation + 1;
    for (const std::int64_t end = r.columns; r.add || P > 8 ? done + kOutputs <= end : done < end; done += kOutputs) {
      const std::int64_t at = done + kOutputs <= end ? done : end - kOutputs, pixel = at * Stride;
      if (r.next_x) next_x = fetch(next_x, V * P * W * r.next_x_floats, false);
      if (r.next_y) next_y = fetch(next_y, V * P * W * r.next_y_floats, true);
      const float* from = x + pixel * r.x_step;
      float* to = y + at * r.y_step;
      if constexpr (W > C)
        run_window<W, C, V, P, KW, kApart, Dilation, true>(r, from, w, to, kernel_rows, 0);
      else if (P > 1 && pixel >= r.first && pixel + kPixels <= r.last)
        run_window<W, C, V, P, KW, kApart, Dilation, true>(r, from, w, to, kernel_rows, 0);
      else
        run_window<W, C, V, P, KW, kApart, Dilation, false>(r, from, w, to, kernel_rows,
                                                            bits_inside(r.first - pixel, r.last - pixel));
    }
  }

  // Eight vectors or four at a time, or by seven (28, 14 and 7 are the widths of networks on 224 pixels); twice as many
  // where there are registers for it. What is left of whole pixels side by side goes pixel by pixel.
  template <int W, int C>
  NASCENT_INLINE void run_all(const float*& next_x, const float*& next_y) {
    constexpr int kTogether = W / C, kSeven = W == kWidth ? 7 : 8;  // narrower vectors are rare, not worth more code
    constexpr bool kTwice = kSixteenSums && W == kWidth && Stride == 1;
    if (kSeven == 7 && r.columns % (8 * kTogether) != 0 && r.columns % (7 * kTogether) == 0) {
      if constexpr (kTwice)
        if (r.columns % (14 * kTogether) == 0) return run<W, C, 1, 14>(next_x, next_y);
      return run<W, C, 1, kSeven>(next_x, next_y);
    }
    if constexpr (kTwice) run<W, C, 1, 16>(next_x, next_y);
    if (r.columns - done >= 8 * kTogether) run<W, C, 1, 8>(next_x, next_y);
    if (r.columns - done >= 4 * kTogether) run<W, C, 1, 4>(next_x, next_y);
    if constexpr (kTogether == 1)
      run<W, C, 1, 1>(next_x, next_y);
    else
      run_all<C, C>(next_x, next_y);
  }
};

// V vectors from `lane` on, or one of pixels of C lanes side by side, row by row. P: how many outputs at a time divide
// a row; 0: that is found out row by row.
template <int W, int C, int V, int P, int KW, int Stride, int Dilation>
void window_lanes(const WindowRows& r, std::int64_t lane) {
  const float *x = r.x + lane, *w = r.w + lane;
  float* y = r.y + lane;
  const std::int64_t outputs = r.rows * r.columns;
  const float *next_x = r.next_x ? r.next_x + lane * outputs * r.next_x_floats : nullptr,
              *next_y = r.next_y ? r.next_y + lane * outputs * r.next_y_floats : nullptr;
  for (std::int64_t i = 0; i < r.rows; ++i, x += Stride * r.x_row, y += r.y_row) {
    // Kernel rows outside the image are left out: of 3x3 over 8 x 8 a twelfth, of 5x5 with dilation 2 a third.
    std::int64_t begin = 0, end = r.kernel_h;
    while (begin < end && i * Stride + begin * Dilation < r.first_row) ++begin;
    while (end > begin && i * Stride + (end - 1) * Dilation >= r.last_row) --end;
    WindowRow<KW, Stride, Dilation> row{r, x + begin * Dilation * r.x_row, w + begin * r.w_row, y, end - begin};
    if constexpr (P > 0)
      row.template run<W, C, V, P>(next_x, next_y);
    else
      row.template run_all<W, C>(next_x, next_y);
  }
}

// Channels, four at least, by whole vectors. Where those do not divide them, the last ones are computed again; where
// they are added to, four do. A row is never copied: wide loads of what narrow stores have just written would wait
// for them, as long as 8 pixels take.
template <int KW, int Stride, int Dilation>
void window_rows(const WindowRows& r, std::int64_t channels) {
  constexpr int W = kWidth, kEight = W > 8 ? 8 : W;
  if constexpr (Stride == 1 && W == 16)
    if (channels == 8 && r.side_by_side(8)) return window_lanes<W, 8, 1, 0, KW, Stride, Dilation>(r, 0);
  std::int64_t lane = 0;
  if constexpr (kSixteenSums && KW <= 5)  // two vectors of a wider kernel's weights leave no room
    if (r.columns % 8 == 0 || r.columns % 7 == 0)
      for (const bool eight = r.columns % 8 == 0; lane + 2 * W <= channels; lane += 2 * W)
        eight ? window_lanes<W, W, 2, 8, KW, Stride, Dilation>(r, lane)
              : window_lanes<W, W, 2, 7, KW, Stride, Dilation>(r, lane);
  while (lane < channels) {
    const std::int64_t left = channels - lane;
    if (left >= W)
      window_lanes<W, W, 1, 0, KW, Stride, Dilation>(r, lane), lane += W;
    else if (W > 8 && left >= 8)
      window_lanes<kEight, kEight, 1, 0, KW, Stride, Dilation>(r, lane), lane += 8;
    else
      window_lanes<4, 4, 1, 0, KW, Stride, Dilation>(r, left < 4 ? channels - 4 : lane), lane += 4;
  }
}

// Rows of outputs a call is best given: as many as keep the rows they read, of `row` floats each, in half of L1 from
// one vector of lanes to the next; but 32 outputs, beside which the call's own work is small.
inline std::int64_t window_rows_at_once(std::int64_t row, std::int64_t reach, std::int64_t stride,
                                        std::int64_t columns) {
  const std::int64_t fit = (kBandFloats / row - reach - 1) / stride + 1, least = columns < 32 ? 32 / columns : 1;
  return fit > least ? fit : least;
}

// Of a stride and dilation of 2, every other row and column is never read: over the others the kernel has neither.
inline std::int64_t read_every(std::int64_t stride, std::int64_t dilation) {
  return stride == 2 && dilation == 2 ? 2 : 1;
}
// Rows or columns that exist, counted by those that are read.
inline std::int64_t counted(std::int64_t end, std::int64_t every) { return every == 2 ? (end + 1) >> 1 : end; }

struct WindowKernel {
  void (*run)(const WindowRows&, std::int64_t channels) = nullptr;
  std::int64_t every = 1;

  explicit operator bool() const { return run; }
  void operator()(WindowRows r, std::int64_t channels) const {
    r.x_row *= every, r.x_step *= every;
    r.first_row = counted(r.first_row, every), r.last_row = counted(r.last_row, every);
    r.first = counted(r.first, every), r.last = counted(r.last, every);
    run(r, channels);
  }
};

// The kernels of the search spaces, and what one of stride 1 is going backward from stride 2 (depthwise_phases.inl);
// null for others, and where more than half of a window may lie outside the image.
inline WindowKernel window_kernel(std::int64_t kernel_w, std::int64_t stride, std::int64_t dilation,
                                  std::int64_t outside) {
  const std::int64_t every = read_every(stride, dilation);
  stride /= every, dilation /= every, outside = counted(outside, every);
  const auto of = [&]<int KW>() -> WindowKernel {
    if (outside > missing_taps(KW, static_cast<int>(dilation))) return {};
    if (stride == 2) return {window_rows<KW, 2, 1>};
    return {dilation == 1 ? window_rows<KW, 1, 1> : window_rows<KW, 1, 2>, every};
  };
  const auto undilated = [&]<int KW>() -> WindowKernel {
    if (dilation != 1 || outside > missing_taps(KW, 1)) return {};
    if (stride == 1) return {window_rows<KW, 1, 1>, every};
    if constexpr (KW == 7) return {window_rows<7, 2, 1>};
    return {};
  };
  if (stride < 1 || stride > 2 || dilation < 1 || dilation > 2) return {};
  if (kernel_w == 1) return undilated.template operator()<1>();
  if (kernel_w == 2) return undilated.template operator()<2>();
  if (kernel_w == 3) return of.template operator()<3>();
  if (kernel_w == 4) return undilated.template operator()<4>();
  if (kernel_w == 5) return of.template operator()<5>();
  if (kernel_w == 7) return undilated.template operator()<7>();
  return {};
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
