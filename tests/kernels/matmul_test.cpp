#include "kernels/matmul.h"

#include <catch2/catch.hpp>

#include "kernels/conv2d.h"
#include "tests/support/guarded.h"
#include "tests/support/integers.h"
#include "tests/support/isa_tables.h"

using namespace nascent::kernels;
using namespace nascent::test;

namespace {

std::vector<double> definition(const MatmulShape& s, const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> c;
  for (std::int64_t i = 0; i < s.m; ++i)
    for (std::int64_t j = 0; j < s.n; ++j) {
      double sum = 0;
      for (std::int64_t l = 0; l < s.k; ++l)
        sum += a[static_cast<std::size_t>(s.transpose_a ? l * s.m + i : i * s.k + l)] *
               b[static_cast<std::size_t>(s.transpose_b ? j * s.k + l : l * s.n + j)];
      c.push_back(sum);
    }
  return c;
}

}  // namespace

TEST_CASE("matmul is its definition for every transposition and instruction set") {
  std::vector<MatmulShape> shapes;
  for (std::int64_t n = 1; n <= 67; ++n) shapes.push_back({3, n, 5});
  for (std::int64_t m = 1; m <= 35; ++m) shapes.push_back({m, 7, 3}), shapes.push_back({m, 40, 2});
  shapes.insert(shapes.end(), {{64, 10, 256}, {1, 1, 1}, {200, 33, 17}, {16, 16, 500}, {2000, 16, 16}});
  for (const MatmulShape& shape : shapes)
    for (const bool transpose_a : {false, true})
      for (const bool transpose_b : {false, true}) {
        const MatmulShape s{shape.m, shape.n, shape.k, transpose_a, transpose_b};
        INFO(s.m << " x " << s.n << " x " << s.k << " transposed " << transpose_a << transpose_b);
        const auto a = integers<double>(s.m * s.k, 1), b = integers<double>(s.k * s.n, 2);
        const auto expected = definition(s, a, b);
        Guarded<double> c(s.m * s.n);
        matmul(s, a.data(), b.data(), c.data(), nullptr);
        CHECK(c.values() == expected);
        CHECK(c.fences_stand());
        const std::vector<float> af(a.begin(), a.end()), bf(b.begin(), b.end()), cf(expected.begin(), expected.end());
        for (const KernelTable* isa : isa_tables()) {
          INFO(isa->name);
          Guarded<float> out(s.m * s.n), scratch(matmul_scratch<float>(s));
          isa->matmul(s, af.data(), bf.data(), out.data(), scratch.data());
          CHECK(out.values() == cf);
          CHECK(out.fences_stand());
          CHECK(scratch.fences_stand());
        }
      }
}

TEST_CASE("a 1x1 convolution is a matrix product over pixels, to the bit") {
  const Conv2dShape conv{.batch = 2, .height = 9, .width = 7, .in_channels = 19, .out_channels = 21};
  const MatmulShape product{.m = 2 * 9 * 7, .n = 21, .k = 19};
  const auto x = reals<float>(product.m * product.k, 1), w = reals<float>(product.k * product.n, 2);
  for (const KernelTable* isa : isa_tables()) {
    INFO(isa->name);
    Guarded<float> y(product.m * product.n), c(product.m * product.n);
    Guarded<float> conv_scratch(conv2d_forward_scratch<float>(conv)), scratch(matmul_scratch<float>(product));
    isa->conv2d_forward(conv, x.data(), w.data(), y.data(), conv_scratch.data());
    isa->matmul(product, x.data(), w.data(), c.data(), scratch.data());
    CHECK(y.values() == c.values());
  }
}
