// Weight gradients of depthwise convolution with a kernel known to the compiler: the gradients of 4 outputs in
// registers, each pixel loaded once a kernel row for the KW taps it was read by. Of 3x3 at stride 1, 4 outputs take 18
// pixels and 4 gradients for 36 FMAs. Sums of as many kernel rows as fit stay in registers over all rows and images of
// a call. Pixels outside the image are left out. Eight outputs at once gain 3 % at 32x32 and lose a tenth at 8x8 and
// 7x7; two vectors of lanes, for 3x3 with 32 registers, take 0.77 to 0.9 of the time of 32 and 64 channels.
#include "kernels/isa/padded_band.inl"
#include "kernels/isa/window_grads_kernel.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// Which pixels of a group exist: all; of all kernel rows, but at its ends not of all columns; at its ends and of some
// kernel rows; any.
enum class Exist { all, columns, rows, any };

// The lanes behind those in hand lie in the next line of every pixel: fetched to L1 with these where an image and its
// gradient fit there (48 KB since Ice Lake), a line a load, since the hardware follows no stride of several lines that
// begins anew with every row. 3x3 of 64 channels with AVX-512 up to 1.3 times as fast; 5x5 gain nothing.
constexpr std::int64_t kNextLanesFloats = 12 * 1024;

template <int W, int V, int KU, int KW, int Stride, int Dilation, bool kNextLanes>
struct WindowSums {
  Vector<W> sum[V][KU][KW];

  // Of the columns of N windows side by side, and on either side as many as padding may leave out at most where it
  // keeps a size: only those need be asked for.
  template <int N>
  static constexpr int kColumns = (N - 1) * Stride + (KW - 1) * Dilation + 1;
  static constexpr int kPadding = (KW - 1) * Dilation / 2;

  // What V vectors of N outputs from gradient g on add, whose windows begin at pixel x. Of their pixels those with a
  // bit in `inside` and of the kernel rows those with a bit in `rows`.
  template <int N, Exist exist>
  NASCENT_INLINE void add(const TapGrad& t, const float* x, const float* g, std::uint32_t rows, std::uint32_t inside) {
    const std::int64_t x_step = t.x_step / Stride, g_step = t.g_step, row = t.tap_row, two_rows = opaque(2 * row);
    Vector<W> gradient[V][N];
#pragma GCC unroll 8
    for (int p = 0; p < N; ++p, g = opaque(g + g_step))
      unrolled<V>([&](auto i) __attribute__((always_inline)) {
        gradient[i.value][p] = load_once<W>(g + i.value * W);
        if (kNextLanes) fetch_to_l1(g + (V + i.value) * W);
      });
    // Column q of kernel row u.
    const auto take = [&](auto q, auto u, const float* pixel) __attribute__((always_inline)) {
      const auto output = [&](int v) { return q.value >= v * Dilation ? q.value - v * Dilation : N * Stride; };
      const auto reads = [&](int v) { return output(v) % Stride == 0 && output(v) / Stride < N; };
      int readers = 0;
      for (int v = 0; v < KW; ++v) readers += reads(v);
      unrolled<V>([&](auto i) __attribute__((always_inline)) {
        if (kNextLanes && u.value >= KU - Stride) fetch_to_l1(pixel + (V + i.value) * W);  // the others were, a row ago
        // Read once, it is an operand of its FMA.
        const Vector<W> value = readers > 1 ? load_once<W>(pixel + i.value * W) : load<W>(pixel + i.value * W);
#pragma GCC unroll 8
        for (int v = 0; v < KW; ++v)
          if (reads(v)) sum[i.value][u.value][v] += value * gradient[i.value][output(v) / Stride];
      });
    };
    const auto exists = [&](auto q) __attribute__((always_inline)) {
      constexpr bool middle = q.value >= kPadding && q.value < kColumns<N> - kPadding;
      return exist == Exist::all || (middle && exist != Exist::any) || (opaque(inside) >> q.value & 1);
    };
    if constexpr (exist == Exist::rows || exist == Exist::any) {
      unrolled<KU>([&](auto u) __attribute__((always_inline)) {
        if (!(opaque(rows) >> u.value & 1)) return;
        const float* pixel = x + u.value * row;
        unrolled<kColumns<N>>([&](auto q) __attribute__((always_inline)) {
          if (exists(q)) take(q, u, pixel);
          pixel = opaque(pixel + x_step);
        });
      });
    } else {
      // Kernel rows in turn, so that an FMA does not wait for the one before it on the same sum.
      unrolled<kColumns<N>>([&](auto q) __attribute__((always_inline)) {
        if (exists(q))
          unrolled<KU>([&](auto u) __attribute__((always_inline)) {
            take(q, u, u.value == 2 ? x + two_rows : x + u.value * row);
          });
        x = opaque(x + x_step);
      });
    }
  }
};

// Images and rows of outputs.
struct GradPart {
  std::int64_t image, images, row, rows;
};

// Columns are taken in groups, a group over as many rows as keep 16 lanes of what it reads in half of L1: narrow images
// have nothing but group ends. The cut is by shape alone, so that all widths of vectors sum in one order.
template <int KW, int Stride, int Dilation>
std::int64_t grad_block(const TapGrad& t) {
  const std::int64_t line = t.columns * Stride * 16, reach = (KW - 1) * Dilation + 1;
  if (line * ((t.rows - 1) * Stride + reach) <= kBandFloats) return t.rows;
  const std::int64_t fit = (kBandFloats / line - reach) / Stride + 1;
  return fit > 4 ? fit : 4;
}

// Kernel rows [first, first + KU), V vectors of lanes from `lane` on: several where all are there, one or the last
// whole one.
template <int W, int V, int KU, int KW, int Stride, int Dilation, bool kNextLanes = false>
void add_window_grads(const TapGrad& t, const GradPart& part, std::int64_t first, std::int64_t lane) {
  WindowSums<W, V, KU, KW, Stride, Dilation, kNextLanes> window;
  const std::int64_t lanes = t.lanes, columns = t.columns;
  const std::int64_t at_lane = lane + V * W <= lanes ? lane : lanes - W, again = lane - at_lane;
  float* const sums = t.sums + first * KW * lanes + at_lane;
  const auto each_sum = [&](const auto& body) __attribute__((always_inline)) {
    unrolled<KU>([&](auto u) __attribute__((always_inline)) {
#pragma GCC unroll 8
      for (int v = 0; v < KW; ++v)
        unrolled<V>([&](auto i) __attribute__((always_inline)) {
          body(window.sum[i.value][u.value][v], sums + (u.value * KW + v) * lanes + i.value * W);
        });
    });
  };
  each_sum([](Vector<W> & sum, const float* at) __attribute__((always_inline)) { sum = load<W>(at); });
  // Fetched to L2 in the order of memory, a share with each vector of lanes; once for all kernel rows.
  const std::int64_t share = lane * t.images * t.rows * columns + V * W * (part.image * t.rows + part.row) * columns;
  const float *next_x = first == 0 && t.next_x ? t.next_x + Stride * Stride * share : nullptr,
              *next_g = next_x ? t.next_g + share : nullptr;
  const auto fetch = [&]<int N>(const float* x, const float* g) __attribute__((always_inline)) {
    constexpr int kOutputs = N * V * W, kPixels = Stride * Stride * kOutputs;
    if (!next_x) return;
    if (t.next_by_pixel) {
      x += t.next_x - t.x, g += t.next_g - t.g;
#pragma GCC unroll 4
      for (int p = 0; p < N; ++p)
        unrolled<V>([&](auto i) __attribute__((always_inline)) {
          fetch_to_l2(x + p * t.x_step + i.value * W), fetch_to_l2(g + p * t.g_step + i.value * W);
        });
      return;
    }
#pragma GCC unroll 32
    for (int p = 0; p < kPixels / kLineFloats; ++p) fetch_to_l2(next_x + kLineFloats * p);
#pragma GCC unroll 8
    for (int p = 0; p < kOutputs / kLineFloats; ++p) fetch_to_l2(next_g + kLineFloats * p);
    next_x = opaque(next_x + kPixels), next_g = opaque(next_g + kOutputs);
  };
  // Rows of outputs whose windows lie inside the image from top to bottom.
  const std::int64_t top = t.first_row - first * Dilation, bottom = t.last_row - (first + KU - 1) * Dilation;
  const std::int64_t whole_begin = top > 0 ? (top + Stride - 1) / Stride : 0;
  const std::int64_t whole_end = bottom > 0 ? (bottom + Stride - 1) / Stride : 0;
  const auto rows_inside = [&](std::int64_t i) __attribute__((always_inline)) {
    const std::int64_t at = i * Stride + first * Dilation;
    return bits_inside((t.first_row - at + Dilation - 1) >> (Dilation - 1),
                       (t.last_row - at + Dilation - 1) >> (Dilation - 1));
  };
  const bool usual = t.first_column <= window.kPadding;
  const auto at_edge = [&](std::int64_t j, std::int64_t group) __attribute__((always_inline)) {
    return j * Stride < t.first_column || (j + group - 1) * Stride + (KW - 1) * Dilation >= t.last_column;
  };
  // Columns [j, j + N) of rows [begin, end), x and g of the first row. What lies outside is the same for every row.
  const auto add_columns = [&]<int N>(const float* x, const float* g, std::int64_t j, std::int64_t begin,
                                      std::int64_t end) __attribute__((always_inline)) {
    const std::int64_t column = j * Stride;
    const bool edge = at_edge(j, N);
    const auto inside = bits_inside(t.first_column - column, t.last_column - column);
    x += j * t.x_step, g += j * t.g_step;
    for (std::int64_t i = begin; i < end; ++i, x += t.x_row, g += t.g_row) {
      fetch.template operator()<N>(x, g);
      if (N == 1)
        window.template add<N, Exist::any>(t, x, g, rows_inside(i), inside);
      else if (i < whole_begin || i >= whole_end)
        window.template add<N, Exist::rows>(t, x, g, rows_inside(i), inside);
      else if (N == 3 || edge)
        window.template add<N, Exist::columns>(t, x, g, 0, inside);
      else
        window.template add<N, Exist::all>(t, x, g, 0, inside);
    }
  };
  const std::int64_t block = grad_block<KW, Stride, Dilation>(t), images = part.image + part.images,
                     rows = part.row + part.rows;
  for (std::int64_t n = part.image; n < images; ++n)
    for (std::int64_t begin = part.row; begin < rows; begin += block) {
      const std::int64_t end = begin + block < rows ? begin + block : rows;
      const float *x = t.x + n * t.x_image + at_lane + first * t.tap_row + begin * t.x_row,
                  *g = t.g + n * t.g_image + at_lane + begin * t.g_row;
      // Fours, and threes to fill up, but where padding that makes an image larger leaves out more than a group's ends.
      for (std::int64_t j = 0, group; j < columns; j += group) {
        const std::int64_t left = columns - j;
        group = left % 4 == 0 || left >= 9 || left == 7 ? 4 : left >= 3 ? 3 : 1;
        if (!usual && at_edge(j, group)) group = 1;
        if (group == 4)
          add_columns.template operator()<4>(x, g, j, begin, end);
        else if (group == 3)
          add_columns.template operator()<3>(x, g, j, begin, end);
        else
          add_columns.template operator()<1>(x, g, j, begin, end);
      }
    }
  if (again == 0)
    return each_sum([](const Vector<W>& sum, float* at) __attribute__((always_inline)) { store<W>(at, sum); });
  each_sum([&](const Vector<W>& sum, float* at) __attribute__((always_inline)) {
    float all[W];
    store<W>(all, sum);
    copy(W - again, all + again, at + again);
  });
}

// Lanes [lane, end), whole vectors or the last of t.lanes, which are taken with lanes before them. Kernel rows as many
// at a time as registers hold sums for, beside 4 gradients and a pixel. Where that takes several passes over 16 lanes,
// which are a line of the caches, each finds in L1 what the first one read.
template <int W, int KW, int Stride, int Dilation>
void window_grads(const TapGrad& t, std::int64_t lane, std::int64_t end) {
  constexpr int kFit = (kRegisters - 5) / KW;
  constexpr int KU = kFit < KW ? kFit : KW;
  const auto add = [&](const GradPart& part, std::int64_t at) {
    std::int64_t u = 0;
    for (; u + KU <= KW; u += KU) add_window_grads<W, 1, KU, KW, Stride, Dilation>(t, part, u, at);
    if constexpr (KW % KU != 0) add_window_grads<W, 1, KW % KU, KW, Stride, Dilation>(t, part, u, at);
  };
  if (KU == KW && (W == 16 || end - lane <= W)) {
    const GradPart whole{0, t.images, 0, t.rows};
    if constexpr (W == 16 && KW == 3) {
      if (t.images == 1 && (Stride * Stride + 1) * t.rows * t.columns * t.lanes <= kNextLanesFloats)
        for (; lane + 2 * W < end; lane += 2 * W)
          add_window_grads<W, 2, KU, KW, Stride, Dilation, true>(t, whole, 0, lane);
      if (Stride == 1 || !t.next_x)  // at stride 2 two vectors would fetch 40 lines at once
        for (; lane + 2 * W <= end; lane += 2 * W) add_window_grads<W, 2, KU, KW, Stride, Dilation>(t, whole, 0, lane);
    }
    for (; lane < end; lane += W) add(whole, lane);
    return;
  }
  const std::int64_t block = grad_block<KW, Stride, Dilation>(t);
  for (; lane < end; lane += 16)
    for (std::int64_t n = 0; n < t.images; ++n)
      for (std::int64_t row = 0; row < t.rows; row += block)
        for (std::int64_t at = lane; at < end && at < lane + 16; at += W)
          add({n, 1, row, row + block < t.rows ? block : t.rows - row}, at);
}

template <int W>
WindowGrads grads_by(std::int64_t kernel, std::int64_t stride, std::int64_t dilation) {
  const std::int64_t every = read_every(stride, dilation);
  stride /= every, dilation /= every;
  const auto of = [&]<int KW>() -> WindowGrads {
    if (stride == 2) return {window_grads<W, KW, 2, 1>};
    return {dilation == 1 ? window_grads<W, KW, 1, 1> : window_grads<W, KW, 1, 2>, every};
  };
  if (stride < 1 || stride > 2 || dilation < 1 || dilation > 2) return {};
  if (kernel == 3) return of.template operator()<3>();
  if (kernel == 5) return of.template operator()<5>();
  if (kernel == 7 && dilation == 1) return {stride == 1 ? window_grads<W, 7, 1, 1> : window_grads<W, 7, 2, 1>, every};
  return {};
}

}  // namespace

WindowGrads window_grads_kernel(int width, std::int64_t kernel, std::int64_t stride, std::int64_t dilation) {
  return width == kWidth ? grads_by<kWidth>(kernel, stride, dilation) : grads_by<kHalfVector>(kernel, stride, dilation);
}

}  // namespace nascent::kernels::NASCENT_ISA
