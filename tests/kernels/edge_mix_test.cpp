// The mix of an edge with pools among its terms, against the pools taken by themselves. Whole numbers, and averages of
// whole numbers by 9, 6 and 4 compare with a tolerance.
#include "kernels/edge_mix.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "kernels/pool2d.h"
#include "tests/support/guarded.h"
#include "tests/support/integers.h"
#include "tests/support/isa_tables.h"

using namespace nascent::kernels;
using namespace nascent::test;

namespace {

struct Case {
  std::int64_t batch, height, width, channels, stride;
};

void compare(const Case& c, const KernelTable& isa) {
  INFO(isa.name << ": batch " << c.batch << ", " << c.height << " x " << c.width << " x " << c.channels << ", stride "
                << c.stride);
  const PoolShape pool{
      .height = c.height, .width = c.width, .channels = c.channels, .kernel = 3, .stride = c.stride, .padding = 1};
  PoolShape all = pool;
  all.batch = c.batch;
  const std::int64_t in = c.batch * c.height * c.width * c.channels, pixels = pool.out_height() * pool.out_width(),
                     out = c.batch * pixels * c.channels;
  const auto x = integers<float>(in, 1, 3), z = integers<float>(out, 2, 3), dy = integers<float>(out, 3, 2);
  const auto shift = integers<float>(c.channels, 4, 2);
  std::vector<std::vector<float>> scales;
  for (std::uint64_t t = 0; t < 3; ++t) scales.push_back(integers<float>(c.channels, 5 + t, 2));
  std::vector<float> largest(out), average(out);
  std::vector<std::uint8_t> tap(static_cast<std::size_t>(out));
  isa.max_pool2d(all, x.data(), largest.data(), tap.data());
  isa.avg_pool2d(all, x.data(), average.data());
  const MixTerm terms[] = {{x.data(), scales[0].data(), MixSource::max_pool},
                           {z.data(), scales[1].data()},
                           {x.data(), scales[2].data(), MixSource::avg_pool}};
  const MixShape s{c.batch, pixels, c.channels, pool};

  // Twice into y, as two edges would, and part of it into another node.
  Guarded<float> y(out), other(out);
  const EdgeMix mixes[] = {{3, terms, shift.data(), false, y.data()},
                           {1, terms, shift.data(), false, other.data()},
                           {3, terms, shift.data(), true, y.data()}};
  Guarded<float> scratch(edge_mix_scratch(s, 3, mixes));
  isa.fused_edge->mix(s, 3, mixes, scratch.data());
  CHECK(other.fences_stand());
  CHECK(y.fences_stand());
  CHECK(scratch.fences_stand());
  std::vector<double> sums(static_cast<std::size_t>(4 * c.channels)), expected(sums), again(sums);
  const EdgeMixSums sums_of[] = {{3, terms, dy.data(), sums.data()}, {3, terms, dy.data(), again.data()}};
  Guarded<float> sums_scratch(edge_mix_sums_scratch(s, 2, sums_of));
  isa.fused_edge->mix_sums(s, 2, sums_of, sums_scratch.data());
  CHECK(again == sums);
  CHECK(sums_scratch.fences_stand());
  const std::vector<float> got = y.values(), got_other = other.values();
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t ch = i % c.channels;
    CHECK(got_other[i] == shift[ch] + scales[0][ch] * largest[i]);
    const double mixed = shift[ch] + scales[0][ch] * largest[i] + scales[1][ch] * z[i] + scales[2][ch] * average[i];
    if (std::abs(got[i] - 2 * mixed) > 1e-4) {
      INFO("element " << i);
      CHECK(got[i] == Approx(2 * mixed));
    }
    expected[ch] += dy[i], expected[c.channels + ch] += dy[i] * largest[i];
    expected[2 * c.channels + ch] += dy[i] * z[i], expected[3 * c.channels + ch] += dy[i] * average[i];
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    INFO("sum " << i);
    if (i < static_cast<std::size_t>(3 * c.channels))
      CHECK(sums[i] == expected[i]);
    else
      CHECK(sums[i] == Approx(expected[i]).margin(1e-3));
  }
}

}  // namespace

TEST_CASE("pools mixed on the way are the pools, on every instruction set") {
  for (const KernelTable* isa : isa_tables())
    if (isa->fused_edge)
      for (const std::int64_t channels : {1, 3, 4, 8, 12, 16, 36})
        for (const std::int64_t stride : {1, 2}) compare({3, 7, 9, channels, stride}, *isa);
}

TEST_CASE("max pooling without winners has the same values, NaN among them, on every instruction set") {
  for (const KernelTable* isa : isa_tables())
    for (const std::int64_t channels : {1, 5, 8, 16, 24})
      for (const std::int64_t stride : {1, 2}) {
        INFO(isa->name << ": " << channels << " channels, stride " << stride);
        const PoolShape s{2, 9, 10, channels, 3, stride, 1};
        auto x = reals<float>(2 * 9 * 10 * channels, 8);
        x[x.size() / 3] = std::numeric_limits<float>::quiet_NaN();
        const std::int64_t out = 2 * s.out_height() * s.out_width() * channels;
        std::vector<float> with(out);
        Guarded<float> without(out);
        std::vector<std::uint8_t> tap(static_cast<std::size_t>(out));
        isa->max_pool2d(s, x.data(), with.data(), tap.data());
        isa->max_pool2d(s, x.data(), without.data(), nullptr);
        CHECK(without.fences_stand());
        const std::vector<float> values = without.values();
        for (std::int64_t i = 0; i < out; ++i) {
          const float a = with[i], b = values[i];
          if (!(a == b || (std::isnan(a) && std::isnan(b)))) {
            INFO("element " << i << ": " << a << " and " << b);
            CHECK(false);
          }
        }
      }
}

TEST_CASE("more terms than go at once, pools in either group, are mixed as each by itself") {
  const PoolShape pool{.height = 8, .width = 8, .channels = 16, .kernel = 3, .stride = 1, .padding = 1};
  const std::int64_t n = 12 * 8 * 8 * 16;
  const auto x = integers<float>(n, 1, 3), z = integers<float>(n, 2, 3);
  const std::vector<float> ones(16, 1), zeros(16, 0);
  std::vector<MixTerm> terms(10, {z.data(), ones.data()});
  terms[0] = terms[1] = terms[9] = {x.data(), ones.data(), MixSource::max_pool};
  const MixShape s{12, 64, 16, pool};
  for (const KernelTable* isa : isa_tables()) {
    if (!isa->fused_edge) continue;
    INFO(isa->name);
    std::vector<float> together(n), one_by_one(n);
    const EdgeMix all{10, terms.data(), zeros.data(), false, together.data()};
    std::vector<float> scratch(edge_mix_scratch(s, 1, &all));
    isa->fused_edge->mix(s, 1, &all, scratch.data());
    for (std::size_t t = 0; t < terms.size(); ++t) {
      const EdgeMix one{1, &terms[t], zeros.data(), t > 0, one_by_one.data()};
      isa->fused_edge->mix(s, 1, &one, scratch.data());
    }
    CHECK(together == one_by_one);
  }
}
