// Projections against plain loops over the formula, in double. Whole numbers: all but the statistics compare with ==.
#include "kernels/projection.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/support/guarded.h"
#include "tests/support/integers.h"
#include "tests/support/isa_tables.h"

using namespace nascent::kernels;
using namespace nascent::test;

namespace {

struct Case {
  std::int64_t batch, height, width;
  std::vector<std::int64_t> channels;  // of the parts
  std::vector<std::int64_t> outputs;   // of the taps; as many as the stride
};

std::vector<Case> cases() {
  std::vector<Case> list;
  for (const std::int64_t c : {1, 3, 4, 7, 8, 16, 19, 32, 36}) {
    list.push_back({2, 5, 7, {c, c, c, c}, {c}});
    list.push_back({2, 5, 7, {c}, {c, c}});
  }
  list.push_back({1, 6, 4, {48}, {16}});
  list.push_back({19, 3, 4, {16, 3, 5}, {8, 9}});
  list.push_back({2, 40, 9, {64, 64, 64, 64}, {64}});  // more than one block of rows
  list.push_back({2, 1, 1, {4, 2}, {2, 2}});           // the second tap reads beyond the border only
  list.push_back({1, 3, 200, {32}, {4}});              // a row is more than a block
  return list;
}

void compare(const Case& c, const KernelTable& isa) {
  const auto stride = static_cast<std::int64_t>(c.outputs.size());
  std::int64_t in = 0, out = 0;
  for (const std::int64_t channels : c.channels) in += channels;
  for (const std::int64_t outputs : c.outputs) out += outputs;
  INFO(isa.name << ": batch " << c.batch << ", " << c.height << " x " << c.width << " x " << in << " to " << out
                << ", stride " << stride);
  std::vector<std::vector<float>> x, w;
  std::vector<Guarded<float>> dx, dw;
  for (const std::int64_t channels : c.channels) {
    x.push_back(integers<float>(c.batch * c.height * c.width * channels, 1 + x.size()));
    dx.emplace_back(static_cast<std::int64_t>(x.back().size()));
  }
  for (const std::int64_t outputs : c.outputs) {
    w.push_back(integers<float>(in * outputs, 10 + w.size(), 1));
    dw.emplace_back(in * outputs);
  }
  std::vector<ProjectionPart> parts;
  std::vector<ProjectionTap> taps;
  for (std::size_t k = 0; k < x.size(); ++k) parts.push_back({x[k].data(), c.channels[k], dx[k].data()});
  for (std::size_t t = 0; t < w.size(); ++t)
    taps.push_back({static_cast<std::int64_t>(t), w[t].data(), c.outputs[t], dw[t].data()});
  const Projection p{
      c.batch,      c.height,   c.width, stride, static_cast<int>(parts.size()), static_cast<int>(taps.size()),
      parts.data(), taps.data()};
  REQUIRE(p.in_channels() == in);
  REQUIRE(p.out_channels() == out);
  const std::int64_t m = c.batch * p.out_height() * p.out_width();
  const auto dy = integers<float>(m * out, 20, 2), a = integers<float>(out, 21, 2), b = integers<float>(out, 22, 1),
             d = integers<float>(out, 23, 2);

  std::vector<double> z(static_cast<std::size_t>(m * out)), dz(z);
  std::vector<std::vector<double>> plain_dx, plain_dw;
  for (const auto& part : x) plain_dx.emplace_back(part.size());
  for (const auto& weight : w) plain_dw.emplace_back(weight.size());
  // body(part, element of the part, weight row, tap, tap's first output, pixel of z) for everything a tap reads.
  const auto each_read = [&](const auto& body) {
    for (std::int64_t n = 0, pixel = 0; n < c.batch; ++n)
      for (std::int64_t i = 0; i < p.out_height(); ++i)
        for (std::int64_t j = 0; j < p.out_width(); ++j, ++pixel) {
          std::int64_t first_output = 0;
          for (std::size_t t = 0; t < w.size(); first_output += c.outputs[t++]) {
            const std::int64_t row = i * stride + taps[t].offset, column = j * stride + taps[t].offset;
            if (row >= c.height || column >= c.width) continue;
            std::int64_t weight_row = 0;
            for (std::size_t k = 0; k < x.size(); ++k)
              for (std::int64_t ch = 0; ch < c.channels[k]; ++ch, ++weight_row)
                body(k, static_cast<std::size_t>(((n * c.height + row) * c.width + column) * c.channels[k] + ch),
                     weight_row, t, first_output, pixel);
          }
        }
  };
  each_read([&](std::size_t k, std::size_t e, std::int64_t row, std::size_t t, std::int64_t first, std::int64_t pixel) {
    for (std::int64_t o = 0; o < c.outputs[t]; ++o)
      z[static_cast<std::size_t>(pixel * out + first + o)] +=
          std::max(0.f, x[k][e]) * w[t][static_cast<std::size_t>(row * c.outputs[t] + o)];
  });
  for (std::size_t i = 0; i < z.size(); ++i) {
    const std::size_t ch = i % static_cast<std::size_t>(out);
    dz[i] = a[ch] * dy[i] + b[ch] * z[i] + d[ch];
  }
  each_read([&](std::size_t k, std::size_t e, std::int64_t row, std::size_t t, std::int64_t first, std::int64_t pixel) {
    if (!(x[k][e] > 0)) return;
    for (std::int64_t o = 0; o < c.outputs[t]; ++o) {
      const double g = dz[static_cast<std::size_t>(pixel * out + first + o)];
      const auto weight = static_cast<std::size_t>(row * c.outputs[t] + o);
      plain_dx[k][e] += g * w[t][weight];
      plain_dw[t][weight] += g * x[k][e];
    }
  });

  Guarded<float> z_f(m * out), mean(out), variance(out), scratch(projection_scratch(p));
  isa.fused_edge->projection_forward(p, z_f.data(), mean.data(), variance.data(), scratch.data());
  const std::vector<float> z_values = z_f.values();
  CHECK(std::vector<double>(z_values.begin(), z_values.end()) == z);
  for (std::int64_t ch = 0; ch < out; ++ch) {
    double sum = 0, square = 0;
    for (std::int64_t pixel = 0; pixel < m; ++pixel) sum += z[static_cast<std::size_t>(pixel * out + ch)];
    for (std::int64_t pixel = 0; pixel < m; ++pixel)
      square += std::pow(z[static_cast<std::size_t>(pixel * out + ch)] - sum / static_cast<double>(m), 2);
    CHECK(mean.data()[ch] == Approx(sum / static_cast<double>(m)));
    CHECK(variance.data()[ch] == Approx(square / static_cast<double>(m)).margin(1e-4));
  }
  isa.fused_edge->projection_backward(p, {dy.data(), z_f.data(), a.data(), b.data(), d.data()}, scratch.data());
  for (std::size_t k = 0; k < x.size(); ++k) {
    const std::vector<float> got = dx[k].values();
    CHECK(std::vector<double>(got.begin(), got.end()) == plain_dx[k]);
    CHECK(dx[k].fences_stand());
  }
  for (std::size_t t = 0; t < w.size(); ++t) {
    const std::vector<float> got = dw[t].values();
    CHECK(std::vector<double>(got.begin(), got.end()) == plain_dw[t]);
    CHECK(dw[t].fences_stand());
  }
  for (ProjectionPart& part : parts) part.add = true;
  isa.fused_edge->projection_backward(p, {dy.data(), z_f.data(), a.data(), b.data(), d.data()}, scratch.data());
  for (std::size_t k = 0; k < x.size(); ++k) {
    std::vector<double> twice = plain_dx[k];
    for (double& v : twice) v *= 2;
    const std::vector<float> got = dx[k].values();
    CHECK(std::vector<double>(got.begin(), got.end()) == twice);
  }
  CHECK(z_f.fences_stand());
  CHECK(scratch.fences_stand());
}

}  // namespace

TEST_CASE("a projection equals its formula, on every instruction set") {
  for (const KernelTable* isa : isa_tables())
    if (isa->fused_edge)
      for (const Case& c : cases()) compare(c, *isa);
}
