#include "kernels/pool2d.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "kernels/reference/pool2d.h"
#include "tests/support/guarded.h"
#include "tests/support/integers.h"
#include "tests/support/isa_tables.h"

using namespace nascent::kernels;
using namespace nascent::test;

namespace {

std::vector<PoolShape> shapes() {
  std::vector<PoolShape> list;
  for (std::int64_t c = 1; c <= 35; ++c) list.push_back({2, 5, 7, c, 3, 1, 1});
  for (std::int64_t kernel = 1; kernel <= 5; ++kernel)
    for (std::int64_t stride = 1; stride <= 3; ++stride)
      for (std::int64_t padding = 0; padding <= kernel / 2; ++padding)
        for (const bool counted : {false, true}) list.push_back({2, 9, 11, 5, kernel, stride, padding, counted});
  // Whole vectors of channels in images that are borders all over.
  for (std::int64_t height = 1; height <= 4; ++height)
    for (std::int64_t width = 1; width <= 5; ++width)
      for (const std::int64_t channels : {16, 21, 36, 40})
        for (const std::int64_t stride : {1, 2}) list.push_back({2, height, width, channels, 3, stride, 1});
  list.push_back({1, 27, 29, 16, 3, 1, 1});
  list.push_back({2, 27, 29, 8, 3, 2, 1});
  list.push_back({1, 16, 16, 3, 16, 1, 8});    // the largest kernel: taps up to 255
  list.push_back({1, 128, 128, 36, 3, 1, 1});  // more than 2 MB, where rows are fetched ahead
  list.push_back({3, 128, 127, 36, 3, 2, 1});  // and than 6
  return list;
}

std::string describe(const PoolShape& s) {
  std::string text;
  for (const std::int64_t v : {s.batch, s.height, s.width, s.channels, s.kernel, s.stride, s.padding})
    text += std::to_string(v) + " ";
  return "batch height width channels kernel stride padding: " + text + (s.count_padding ? "counted" : "");
}

std::int64_t inputs(const PoolShape& s) { return s.batch * s.height * s.width * s.channels; }
std::int64_t outputs(const PoolShape& s) { return s.batch * s.out_height() * s.out_width() * s.channels; }

template <class T, class Run>
std::vector<T> written(std::int64_t n, const Run& kernel) {
  Guarded<T> out(n);
  kernel(out.data());
  CHECK(out.fences_stand());
  return out.values();
}

}  // namespace

TEST_CASE("max_pool2d: values, winners, gather and scatter agree on every instruction set") {
  for (const PoolShape& s : shapes()) {
    INFO(describe(s));
    const auto x = integers<double>(inputs(s), 1, 2);  // few values: many ties
    const auto dy = integers<double>(outputs(s), 2);
    Guarded<double> y(outputs(s));
    const auto tap = written<std::uint8_t>(outputs(s), [&](std::uint8_t* t) { max_pool2d(s, x.data(), y.data(), t); });
    const auto gathered =
        written<double>(outputs(s), [&](double* out) { max_pool2d_gather(s, x.data(), tap.data(), out); });
    const auto dx = written<double>(inputs(s), [&](double* out) { max_pool2d_scatter(s, dy.data(), tap.data(), out); });
    CHECK(y.values() == gathered);
    CHECK(inner(gathered, dy) == inner(x, dx));
    const std::vector<float> xf(x.begin(), x.end()), dyf(dy.begin(), dy.end()), dxf(dx.begin(), dx.end());
    const std::vector<double> expected = y.values();
    const std::vector<float> yf(expected.begin(), expected.end());
    for (const KernelTable* isa : isa_tables()) {
      INFO(isa->name);
      Guarded<float> out(outputs(s));
      CHECK(written<std::uint8_t>(outputs(s), [&](std::uint8_t* t) { isa->max_pool2d(s, xf.data(), out.data(), t); }) ==
            tap);
      CHECK(out.values() == yf);
      CHECK(out.fences_stand());
      CHECK(written<float>(outputs(s), [&](float* o) { isa->max_pool2d_gather(s, xf.data(), tap.data(), o); }) == yf);
      CHECK(written<float>(inputs(s), [&](float* o) { isa->max_pool2d_scatter(s, dyf.data(), tap.data(), o); }) == dxf);
    }
  }
}

TEST_CASE("max_pool2d: of equal values the first wins, padding never, NaN always") {
  const PoolShape s{.batch = 1, .height = 3, .width = 3, .channels = 1, .kernel = 3, .stride = 1, .padding = 1};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const KernelTable* isa : isa_tables()) {
    INFO(isa->name);
    std::vector<float> y(9);
    std::vector<std::uint8_t> tap(9);
    isa->max_pool2d(s, std::vector<float>(9, -5.f).data(), y.data(), tap.data());
    CHECK(y == std::vector<float>(9, -5.f));
    CHECK(tap == std::vector<std::uint8_t>{4, 3, 3, 1, 0, 0, 1, 0, 0});
    std::vector<float> x(9, 1.f);
    x[0] = nan;
    isa->max_pool2d(s, x.data(), y.data(), tap.data());
    for (const std::size_t touched : {0, 1, 3, 4}) CHECK(std::isnan(y[touched]));
    for (const std::size_t clean : {2, 5, 6, 7, 8}) CHECK(y[clean] == 1);
  }
}

TEST_CASE("max_pool2d: ties, zeros of both signs, infinities and NaN give the reference's bits and winners") {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> kinds{-inf, -0.f, 0.f, 1.f, 1.f, inf, nan, -nan};
  for (const std::uint64_t used : {1u, 3u, 6u, 8u})  // only -inf, then zeros, then +inf, then NaN too
    for (std::int64_t height = 1; height <= 9; ++height)
      for (const std::int64_t width : {1, 2, 3, 6})
        for (const std::int64_t channels : {1, 16, 21})
          for (const std::int64_t stride : {1, 2}) {
            const PoolShape s{2, height, width, channels, 3, stride, 1};
            INFO(describe(s) << ", kinds of values: " << used);
            std::vector<float> x(static_cast<std::size_t>(inputs(s)));
            for (std::size_t i = 0; i < x.size(); ++i) {
              const std::uint64_t bits = mix(i + used);
              x[i] = kinds[bits % 4 ? (bits >> 8) % std::min<std::uint64_t>(used, 6) : (bits >> 8) % used];
            }
            std::vector<float> y(static_cast<std::size_t>(outputs(s)));
            std::vector<std::uint8_t> tap(y.size());
            reference::max_pool2d(s, x.data(), y.data(), tap.data());
            for (const KernelTable* isa : isa_tables()) {
              INFO(isa->name);
              Guarded<float> out(outputs(s));
              CHECK(written<std::uint8_t>(
                        outputs(s), [&](std::uint8_t* t) { isa->max_pool2d(s, x.data(), out.data(), t); }) == tap);
              CHECK(out.fences_stand());
              const std::vector<float> values = out.values();
              CHECK(std::memcmp(values.data(), y.data(), y.size() * sizeof(float)) == 0);
            }
          }
}

TEST_CASE("avg_pool2d and its gradient agree with the reference on every instruction set, and are adjoint") {
  for (const PoolShape& s : shapes()) {
    if (s.kernel == 16) continue;  // its counts have no small common multiple
    INFO(describe(s));
    // Multiples of every window's count, 1 to 25, would be too large for exact float sums at kernel 5; there the counts
    // are those of 5x5 windows cut at a border.
    const double multiple = s.kernel == 5 ? 3600 : s.kernel == 4 ? 144 : 36;
    auto x = integers<double>(inputs(s), 1), dy = integers<double>(outputs(s), 2);
    for (double& v : x) v *= multiple;
    for (double& v : dy) v *= multiple;
    const auto y = written<double>(outputs(s), [&](double* out) { avg_pool2d(s, x.data(), out); });
    const auto dx = written<double>(inputs(s), [&](double* out) { avg_pool2d_grad(s, dy.data(), out); });
    CHECK(inner(y, dy) == inner(x, dx));
    const std::vector<float> xf(x.begin(), x.end()), dyf(dy.begin(), dy.end());
    const std::vector<float> yf(y.begin(), y.end()), dxf(dx.begin(), dx.end());
    for (const KernelTable* isa : isa_tables()) {
      INFO(isa->name);
      CHECK(written<float>(outputs(s), [&](float* out) { isa->avg_pool2d(s, xf.data(), out); }) == yf);
      CHECK(written<float>(inputs(s), [&](float* out) { isa->avg_pool2d_grad(s, dyf.data(), out); }) == dxf);
    }
  }
}

TEST_CASE("avg_pool2d divides a corner by 4, an edge by 6 and the middle by 9, or all by 9 when padding counts") {
  PoolShape s{.batch = 1, .height = 3, .width = 3, .channels = 1, .kernel = 3, .stride = 1, .padding = 1};
  const std::vector<float> ones(9, 1.f);
  for (const KernelTable* isa : isa_tables()) {
    INFO(isa->name);
    std::vector<float> y(9);
    s.count_padding = false;
    isa->avg_pool2d(s, ones.data(), y.data());
    CHECK(y == ones);
    s.count_padding = true;
    isa->avg_pool2d(s, ones.data(), y.data());
    CHECK(y == std::vector<float>{4 / 9.f, 6 / 9.f, 4 / 9.f, 6 / 9.f, 1, 6 / 9.f, 4 / 9.f, 6 / 9.f, 4 / 9.f});
  }
}
