// Projections against plain loops over the formula, in double. Whole numbers: all but the statistics compare with ==.
#include "kernels/projection.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "tests/support/guarded.h"
#include "tests/support/integers.h"
#include "tests/support/isa_tables.h"

using namespace nascent::kernels;
using namespace nascent::test;

namespace {

struct Case {
  std::int64_t batch, height, width;
  std::vector<std::int64_t> channels;              // of the parts
  std::vector<std::vector<std::int64_t>> outputs;  // of each head's taps; as many as the stride
};

std::vector<Case> cases() {
  std::vector<Case> list;
  for (const std::int64_t c : {1, 3, 4, 7, 8, 16, 19, 32, 36}) {
    list.push_back({2, 5, 7, {c, c, c, c}, {{c}}});
    list.push_back({2, 5, 7, {c}, {{c, c}}});
    list.push_back({2, 5, 7, {c, c, c, c}, {{c}, {c}}});
    list.push_back({2, 5, 7, {3 * c}, {{c}, {c}, {2 * c}}});
  }
  list.push_back({1, 6, 4, {48}, {{16}}});
  list.push_back({19, 3, 4, {16, 3, 5}, {{8, 9}}});
  list.push_back({19, 3, 4, {16, 3, 5}, {{8, 9}, {4, 5}}});
  list.push_back({2, 40, 9, {64, 64, 64, 64}, {{64}, {128}}});  // more than one block of rows
  list.push_back({2, 1, 1, {4, 2}, {{2, 2}}});                  // the second tap reads beyond the border only
  list.push_back({1, 3, 200, {32}, {{4}}});                     // a row is more than a block
  return list;
}

std::vector<double> widened(const std::vector<float>& values) { return {values.begin(), values.end()}; }

struct Tap {
  std::vector<float> w;
  Guarded<float> dw;
  std::vector<double> plain_dw;
};
struct Head {
  std::vector<Tap> taps = {};
  std::vector<ProjectionTap> views = {};
  std::int64_t outputs = 0;
  std::vector<float> dy = {}, a = {}, b = {}, d = {};
  std::vector<double> z = {}, dz = {};
  Guarded<float> got{0}, mean{0}, variance{0};
};

// Whole numbers, and what the formula makes of them.
class Expected {
 public:
  explicit Expected(const Case& c) : shape_(c), stride_(static_cast<std::int64_t>(c.outputs[0].size())) {
    for (const std::int64_t channels : c.channels) {
      x.push_back(integers<float>(c.batch * c.height * c.width * channels, 1 + x.size()));
      dx.emplace_back(static_cast<std::int64_t>(x.back().size()));
      plain_dx.emplace_back(x.back().size());
      parts.push_back({x.back().data(), channels, dx.back().data()});
    }
    const std::int64_t m = pixels();
    for (const auto& outputs : c.outputs) {
      Head& head = heads_.emplace_back();
      for (const std::int64_t n : outputs) {
        const std::int64_t weights = in() * n;
        head.taps.push_back({integers<float>(weights, 10 + head.taps.size() + 3 * heads_.size(), 1),
                             Guarded<float>(weights), std::vector<double>(static_cast<std::size_t>(weights))});
        head.outputs += n;
      }
      for (std::size_t t = 0; t < outputs.size(); ++t)
        head.views.push_back({head.taps[t].w.data(), outputs[t], head.taps[t].dw.data()});
      const std::uint64_t seed = 20 + 10 * heads_.size();
      head.dy = integers<float>(m * head.outputs, seed, 2), head.a = integers<float>(head.outputs, seed + 1, 2);
      head.b = integers<float>(head.outputs, seed + 2, 1), head.d = integers<float>(head.outputs, seed + 3, 2);
      head.z.resize(head.dy.size()), head.dz.resize(head.dy.size());
      head.got = Guarded<float>(m * head.outputs);
      head.mean = Guarded<float>(head.outputs), head.variance = Guarded<float>(head.outputs);
    }
    for (Head& h : heads_) run_plainly(h);
  }

  Projection get() {
    heads.clear();
    for (Head& h : heads_)
      heads.push_back({h.views.data(),
                       h.got.data(),
                       h.mean.data(),
                       h.variance.data(),
                       {h.dy.data(), h.got.data(), h.a.data(), h.b.data(), h.d.data()}});
    return {.batch = shape_.batch,
            .height = shape_.height,
            .width = shape_.width,
            .stride = stride_,
            .parts = static_cast<int>(parts.size()),
            .heads = static_cast<int>(heads.size()),
            .part = parts.data(),
            .head = heads.data()};
  }
  std::int64_t in() const { return std::accumulate(shape_.channels.begin(), shape_.channels.end(), std::int64_t{0}); }
  std::int64_t pixels() const {
    return shape_.batch * ((shape_.height - 1) / stride_ + 1) * ((shape_.width - 1) / stride_ + 1);
  }
  const std::vector<Head>& all() const { return heads_; }

  std::vector<std::vector<float>> x;
  std::vector<Guarded<float>> dx;
  std::vector<std::vector<double>> plain_dx;
  std::vector<ProjectionPart> parts;

 private:
  // body(part, element of the part, weight row, tap, tap's first output, pixel of z) for everything a head's taps read.
  template <class Body>
  void each_read(const Head& head, const Body& body) const {
    const Case& c = shape_;
    for (std::int64_t n = 0, pixel = 0; n < c.batch; ++n)
      for (std::int64_t i = 0; i < (c.height - 1) / stride_ + 1; ++i)
        for (std::int64_t j = 0; j < (c.width - 1) / stride_ + 1; ++j, ++pixel) {
          std::int64_t first_output = 0;
          for (std::size_t t = 0; t < head.taps.size(); first_output += head.views[t++].outputs) {
            const std::int64_t row = i * stride_ + static_cast<std::int64_t>(t),
                               column = j * stride_ + static_cast<std::int64_t>(t);
            if (row >= c.height || column >= c.width) continue;
            std::int64_t weight_row = 0;
            for (std::size_t k = 0; k < x.size(); ++k)
              for (std::int64_t ch = 0; ch < c.channels[k]; ++ch, ++weight_row)
                body(k, static_cast<std::size_t>(((n * c.height + row) * c.width + column) * c.channels[k] + ch),
                     weight_row, t, first_output, pixel);
          }
        }
  }
  void run_plainly(Head& h) {
    const auto at = [&](std::int64_t pixel, std::int64_t o) { return static_cast<std::size_t>(pixel * h.outputs + o); };
    each_read(h,
              [&](std::size_t k, std::size_t e, std::int64_t row, std::size_t t, std::int64_t first, std::int64_t p) {
                for (std::int64_t o = 0; o < h.views[t].outputs; ++o)
                  h.z[at(p, first + o)] +=
                      std::max(0.f, x[k][e]) * h.taps[t].w[static_cast<std::size_t>(row * h.views[t].outputs + o)];
              });
    for (std::size_t i = 0; i < h.z.size(); ++i) {
      const std::size_t ch = i % static_cast<std::size_t>(h.outputs);
      h.dz[i] = h.a[ch] * h.dy[i] + h.b[ch] * h.z[i] + h.d[ch];
    }
    each_read(h,
              [&](std::size_t k, std::size_t e, std::int64_t row, std::size_t t, std::int64_t first, std::int64_t p) {
                if (!(x[k][e] > 0)) return;
                for (std::int64_t o = 0; o < h.views[t].outputs; ++o) {
                  const auto weight = static_cast<std::size_t>(row * h.views[t].outputs + o);
                  plain_dx[k][e] += h.dz[at(p, first + o)] * h.taps[t].w[weight];
                  h.taps[t].plain_dw[weight] += h.dz[at(p, first + o)] * x[k][e];
                }
              });
  }

  Case shape_;
  std::int64_t stride_;
  std::vector<Head> heads_;
  std::vector<ProjectionHead> heads;
};

void compare(const Case& c, const KernelTable& isa) {
  Expected expected(c);
  Projection p = expected.get();
  INFO(isa.name << ": batch " << c.batch << ", " << c.height << " x " << c.width << " x " << p.in_channels() << " to "
                << p.outputs() << " of " << p.heads << " heads, stride " << p.stride);
  Guarded<float> scratch(projection_scratch(p));
  isa.fused_edge->projection_forward(p, scratch.data());
  const auto m = static_cast<double>(expected.pixels());
  for (const Head& head : expected.all()) {
    CHECK(widened(head.got.values()) == head.z);
    CHECK(head.got.fences_stand());
    for (std::int64_t ch = 0; ch < head.outputs; ++ch) {
      double sum = 0, square = 0;
      for (std::size_t i = static_cast<std::size_t>(ch); i < head.z.size(); i += head.outputs) sum += head.z[i];
      for (std::size_t i = static_cast<std::size_t>(ch); i < head.z.size(); i += head.outputs)
        square += std::pow(head.z[i] - sum / m, 2);
      CHECK(head.mean.values()[ch] == Approx(sum / m));
      CHECK(head.variance.values()[ch] == Approx(square / m).margin(1e-4));
    }
  }
  isa.fused_edge->projection_backward(p, scratch.data());
  for (std::size_t k = 0; k < expected.dx.size(); ++k) {
    CHECK(widened(expected.dx[k].values()) == expected.plain_dx[k]);
    CHECK(expected.dx[k].fences_stand());
  }
  for (const Head& head : expected.all())
    for (const Tap& tap : head.taps) {
      CHECK(widened(tap.dw.values()) == tap.plain_dw);
      CHECK(tap.dw.fences_stand());
    }
  for (ProjectionPart& part : expected.parts) part.add = true;
  isa.fused_edge->projection_backward(p, scratch.data());
  for (std::size_t k = 0; k < expected.dx.size(); ++k) {
    std::vector<double> twice = expected.plain_dx[k];
    for (double& v : twice) v *= 2;
    CHECK(widened(expected.dx[k].values()) == twice);
  }
  CHECK(scratch.fences_stand());
}

}  // namespace

TEST_CASE("a projection equals its formula, on every instruction set") {
  for (const KernelTable* isa : isa_tables())
    if (isa->fused_edge)
      for (const Case& c : cases()) compare(c, *isa);
}
