#include "kernels/reduce.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "kernels/mixed_edge.h"
#include "tests/support/guarded.h"
#include "tests/support/integers.h"
#include "tests/support/isa_tables.h"

using namespace nascent::kernels;
using namespace nascent::test;

TEST_CASE("sum over any axis is exact on whole numbers, on every instruction set") {
  std::vector<ReduceShape> shapes;
  for (std::int64_t inner = 1; inner <= 70; ++inner) shapes.push_back({2, 13, inner});
  for (const std::int64_t reduce : {1, 15, 16, 17, 1023, 1024, 1025, 5000}) {
    shapes.push_back({1, reduce, 1}), shapes.push_back({3, reduce, 5}), shapes.push_back({2, reduce, 64});
  }
  shapes.insert(shapes.end(), {{5000, 3, 1}, {1, 3, 10000}, {7, 49, 100}});
  for (const ReduceShape& s : shapes) {
    const auto x = integers<double>(s.outer * s.reduce * s.inner, 1);
    std::vector<double> expected(static_cast<std::size_t>(s.outer * s.inner));
    for (std::int64_t i = 0; i < s.outer * s.reduce * s.inner; ++i)
      expected[static_cast<std::size_t>(i / (s.reduce * s.inner) * s.inner + i % s.inner)] +=
          x[static_cast<std::size_t>(i)];
    Guarded<double> y(s.outer * s.inner), scratch(sum_scratch<double>(s));
    sum(s, x.data(), y.data(), scratch.data());
    CHECK(y.values() == expected);
    CHECK(y.fences_stand());
    CHECK(scratch.fences_stand());
    const std::vector<float> xf(x.begin(), x.end()), narrow(expected.begin(), expected.end());
    for (const KernelTable* isa : isa_tables()) {
      INFO(isa->name << ": " << s.outer << " " << s.reduce << " " << s.inner);
      Guarded<float> out(s.outer * s.inner), space(sum_scratch<float>(s));
      isa->sum(s, xf.data(), out.data(), space.data());
      CHECK(out.values() == narrow);
      CHECK(out.fences_stand());
      CHECK(space.fences_stand());
    }
  }
}

TEST_CASE("dot, weighted_sum and branch_dots are exact on whole numbers, on every instruction set") {
  for (const std::int64_t n : {1, 5, 15, 16, 17, 1000, 1024, 1025, 9000, 40001})
    for (const int count : {1, 3, 8, kMaxBranches}) {
      std::vector<std::vector<float>> branches;
      std::vector<const float*> pointers;
      for (int k = 0; k < count; ++k) branches.push_back(integers<float>(n, static_cast<std::uint64_t>(10 + k)));
      for (const auto& branch : branches) pointers.push_back(branch.data());
      const auto dy = integers<float>(n, 1), weights = integers<float>(count, 2);
      std::vector<float> mix(dy.size()), dots;
      for (std::size_t k = 0; k < branches.size(); ++k) {
        for (std::size_t i = 0; i < mix.size(); ++i) mix[i] += weights[k] * branches[k][i];
        dots.push_back(static_cast<float>(inner(dy, branches[k])));
      }
      for (const KernelTable* isa : isa_tables()) {
        INFO(isa->name << " n " << n << " count " << count);
        Guarded<float> y(n), all(count), one(1), scratch(branch_dots_scratch<float>(n, count));
        Guarded<float> dot_space(dot_scratch<float>(n));
        isa->weighted_sum(n, count, weights.data(), pointers.data(), y.data());
        isa->branch_dots(n, count, dy.data(), pointers.data(), all.data(), scratch.data());
        isa->dot(n, dy.data(), pointers[0], one.data(), dot_space.data());
        CHECK(y.values() == mix);
        std::copy(branches.back().begin(), branches.back().end(), y.data());
        std::vector<const float*> in_place = pointers;
        in_place.back() = y.data();
        isa->weighted_sum(n, count, weights.data(), in_place.data(), y.data());
        CHECK(y.values() == mix);
        CHECK(all.values() == dots);
        CHECK(one.values()[0] == dots[0]);
        for (const Guarded<float>* g : {&y, &all, &one, &scratch, &dot_space}) CHECK(g->fences_stand());
      }
    }
}
