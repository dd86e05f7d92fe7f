// Depthwise weight gradients with a kernel known to the compiler, a group of columns at a time. The sums of a vector
// of lanes stay in registers over all rows and images of a call or, where a vector is less than a line of the caches,
// over a group: the other lanes of its pixels come next. Pixels outside the image are left out.
#include "kernels/isa/window_grad_groups.inl"
#include "kernels/isa/window_grad_sums.inl"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// How a group's rows are taken: each asked in turn whether its windows lie inside from top to bottom, or in runs of
// those that do and those that do not. A run of 3x3 over 4 outputs takes 77 instructions a row for 114, but ends before
// the processor foresees it: 5x5 and 7x7 by runs take 0.96 to 1.01 of the time, 3x3 0.99 to 1.14.
enum class RowOrder { in_turn, in_runs };

// What a group's lanes add to their sums of kernel rows [first, first + KU).
template <RowOrder order, int W, int V, int KU, int KW, int Stride, int Dilation, bool kNextLanes>
NASCENT_INLINE void add_group(const TapGrad& t, const Edges<KU, KW, Stride, Dilation>& edges, const Group& group,
                              std::int64_t first, std::int64_t lane, Ahead<Stride>& ahead,
                              WindowSums<W, V, KU, KW, Stride, Dilation, kNextLanes>& sums) {
  const auto add = [&]<int N>() __attribute__((always_inline)) {
    const float *x = group.x + first * t.tap_row + lane, *g = group.g + lane;
    const std::uint32_t inside = group.inside;
    if constexpr (order == RowOrder::in_turn || N == 1) {
      const bool all_inside = group.all_inside;
      for (std::int64_t i = group.begin; i < group.end; ++i, x += t.x_row, g += t.g_row) {
        ahead.template fetch<N, V * W>(t, x, g);
        if (N == 1)
          sums.template add<N, Exist::any>(t, x, g, edges.rows_inside(i), inside);
        else if (i < edges.whole_begin || i >= edges.whole_end)
          sums.template add<N, Exist::rows>(t, x, g, edges.rows_inside(i), inside);
        else if (N == 3 || !all_inside)
          sums.template add<N, Exist::columns>(t, x, g, 0, inside);
        else
          sums.template add<N, Exist::all>(t, x, g, 0, inside);
      }
    } else {
      const auto add_run = [&]<Exist exist>(std::int64_t i, std::int64_t end) __attribute__((always_inline)) {
        for (; i < end; ++i, x = opaque(x + t.x_row), g = opaque(g + t.g_row)) {
          ahead.template fetch<N, V * W>(t, x, g);
          sums.template add<N, exist>(t, x, g, edges.rows_inside(i), inside);
        }
      };
      for (std::int64_t i = group.begin, end; i < group.end; i = end) {
        end = edges.run_end(i, group.end);
        if (!edges.whole(i))
          add_run.template operator()<Exist::rows>(i, end);
        else if (N == 3 || !group.all_inside)
          add_run.template operator()<Exist::columns>(i, end);
        else
          add_run.template operator()<Exist::all>(i, end);
      }
    }
  };
  if (group.columns == 4)
    add.template operator()<4>();
  else if (group.columns == 3)
    add.template operator()<3>();
  else
    add.template operator()<1>();
}

// Kernel rows [first, first + KU), V vectors of lanes from `lane` on: several where all are there, one or the last
// whole one.
template <int W, int V, int KU, int KW, int Stride, int Dilation, bool kNextLanes = false>
void add_window_grads(const TapGrad& t, const GradPart& part, std::int64_t first, std::int64_t lane) {
  WindowSums<W, V, KU, KW, Stride, Dilation, kNextLanes> sums;
  const Edges<KU, KW, Stride, Dilation> edges(t, first);
  const std::int64_t at = lane + V * W <= t.lanes ? lane : t.lanes - W, outputs = t.rows * t.columns;
  Ahead<Stride> ahead(t, first == 0, lane * t.images * outputs + V * W * (part.image * t.rows + part.row) * t.columns);
  sums.read(t, first, at);
  each_group<KW, Stride, Dilation>(
      t, part, [&](const Group& group) __attribute__((always_inline)) {
        add_group<RowOrder::in_turn>(t, edges, group, first, at, ahead, sums);
      });
  sums.write(t, first, at, lane - at);
}

// All kernel rows of lanes [begin, end), those of a group before the next group. A call for each vector of lanes would
// take 310 instructions to begin, four rows' worth of 3x3.
template <int W, int KU, int KW, int Stride, int Dilation>
void add_grads_by_groups(const TapGrad& t, std::int64_t begin, std::int64_t end) {
  const Edges<KU, KW, Stride, Dilation> first_edges(t, 0);
  Ahead<Stride> ahead(t, true, begin * t.images * t.rows * t.columns), none;
  constexpr RowOrder order = KU == KW ? RowOrder::in_turn : RowOrder::in_runs;
  const auto add = [&]<int Rows>(const Edges<Rows, KW, Stride, Dilation>& edges, const Group& group, std::int64_t first,
                                 std::int64_t lane) __attribute__((always_inline)) {
    const std::int64_t at = lane + W <= t.lanes ? lane : t.lanes - W;
    WindowSums<W, 1, Rows, KW, Stride, Dilation, false> sums;
    sums.read(t, first, at);
    add_group<order>(t, edges, group, first, at, KU == KW || first == 0 ? ahead : none, sums);
    sums.write(t, first, at, lane - at);
  };
  each_group<KW, Stride, Dilation>(
      t, {0, t.images, 0, t.rows}, [&](const Group& group) __attribute__((always_inline)) {
        for (std::int64_t lane = begin; lane < end; lane += W) {
          if constexpr (KU == KW) {
            add(first_edges, group, 0, lane);
          } else {
            std::int64_t u = 0;
            for (; u + KU <= KW; u += KU) add(Edges<KU, KW, Stride, Dilation>(t, u), group, u, lane);
            if constexpr (KW % KU != 0) add(Edges<KW % KU, KW, Stride, Dilation>(t, u), group, u, lane);
          }
        }
      });
}

// Sums by groups go to memory and back for each group, whose pixels all lanes then find in L1: worth it where all
// kernel rows go in one pass (3x3 of 36 channels at 32x32 0.8 to 0.9 of the time, others 0.93 to 1.0, Zen 3). Of the
// others over narrow images, and where many vectors of lanes would each begin anew; not over bands of 4 rows at stride
// 2, nor for up to 4 vectors of a dilated kernel at 14x14 and 16x16 (1.0 to 1.15).
template <int Stride, int Dilation>
bool by_groups(const TapGrad& t, std::int64_t vectors, bool one_pass) {
  if (vectors == 1) return false;
  if (one_pass) return true;
  if (Stride == 2) return t.columns <= 8 || (t.columns <= 16 && t.rows > 4);
  return vectors > 4 || t.columns <= (Dilation == 1 ? 16 : 8);
}

// Lanes [lane, end), whole vectors or the last of t.lanes, which are taken with lanes before them. Kernel rows as many
// at a time as registers hold sums for, beside 4 gradients and a pixel. Two vectors of lanes, for 3x3 with 32
// registers, take 0.77 to 0.9 of the time of 32 and 64 channels.
template <int W, int KW, int Stride, int Dilation>
void window_grads(const TapGrad& t, std::int64_t lane, std::int64_t end) {
  constexpr int kFit = (kRegisters - 5) / KW;
  constexpr int KU = kFit < KW ? kFit : KW;
  const auto add = [&](const GradPart& part, std::int64_t at) {
    std::int64_t u = 0;
    for (; u + KU <= KW; u += KU) add_window_grads<W, 1, KU, KW, Stride, Dilation>(t, part, u, at);
    if constexpr (KW % KU != 0) add_window_grads<W, 1, KW % KU, KW, Stride, Dilation>(t, part, u, at);
  };
  if constexpr (W == kWidth && W < 16)
    if (by_groups<Stride, Dilation>(t, (end - lane + W - 1) / W, KU == KW))
      return add_grads_by_groups<W, KU, KW, Stride, Dilation>(t, lane, end);
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
  // Several passes over 16 lanes, a line of the caches: each finds in L1 what the first one read.
  const std::int64_t block = group_rows<KW, Stride, Dilation>(t);
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
