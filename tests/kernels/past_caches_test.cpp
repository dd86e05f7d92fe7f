// Large outputs of passes over memory are written past the caches where they lie on lines; elsewhere they are not, and
// have the same bits.
#include <catch2/catch.hpp>
#include <cstring>

#include "kernels/batch_norm.h"
#include "kernels/mixed_edge.h"
#include "tests/support/integers.h"
#include "tests/support/isa_tables.h"

using namespace nascent::kernels;
using namespace nascent::test;

namespace {

// 16 MB and half a vector: the last values are stored one by one.
constexpr std::int64_t kRows = (std::int64_t{1} << 22) / 12 + 2, kChannels = 12, kFloats = kRows * kChannels;

// `write` has the same bits for an output at the start of a line, and for one just behind it.
template <class Write>
void check_same_bits(const Write& write) {
  constexpr std::int64_t line = 16;
  std::vector<float> on_line(static_cast<std::size_t>(kFloats + line), 7), behind(on_line);
  const auto start = [](std::vector<float>& v) {
    const auto past = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(v.data()) / sizeof(float) % line);
    return v.data() + (line - past) % line;
  };
  float* const aligned = start(on_line);
  float* const unaligned = start(behind) == behind.data() ? behind.data() + 1 : behind.data();
  write(aligned), write(unaligned);
  CHECK(std::memcmp(aligned, unaligned, static_cast<std::size_t>(kFloats) * sizeof(float)) == 0);
  for (const std::vector<float>* v : {&on_line, &behind}) {
    const float* from = v == &on_line ? aligned : unaligned;
    for (const float* p = v->data(); p < from; ++p) CHECK(*p == 7);
    for (const float* p = from + kFloats; p < v->data() + v->size(); ++p) CHECK(*p == 7);
  }
}

}  // namespace

TEST_CASE("what is written past the caches has the bits of what is not") {
  const auto x = reals<float>(kFloats, 1), dy = reals<float>(kFloats, 2);
  const auto mean = reals<float>(kChannels, 3), gamma = reals<float>(kChannels, 4), beta = reals<float>(kChannels, 5);
  const std::vector<float> rstd(static_cast<std::size_t>(kChannels), 1.5F);
  for (const bool relu : {false, true})
    for (const KernelTable* isa : isa_tables()) {
      INFO(isa->name << (relu ? ", relu" : ""));
      const BatchNormShape s{.rows = kRows, .channels = kChannels, .relu = relu};
      check_same_bits([&](float* y) {
        isa->batch_norm_apply(s, x.data(), mean.data(), rstd.data(), gamma.data(), beta.data(), y);
      });
      std::vector<float> dgamma(static_cast<std::size_t>(kChannels)), dbeta(dgamma),
          scratch(static_cast<std::size_t>(batch_norm_scratch<float>(s)));
      check_same_bits([&](float* dx) {
        isa->batch_norm_backward(s, x.data(), dy.data(), mean.data(), rstd.data(), gamma.data(), beta.data(), dx,
                                 dgamma.data(), dbeta.data(), scratch.data());
      });
      const float weights[2] = {0.3F, 0.7F};
      const float* const branches[2] = {x.data(), dy.data()};
      check_same_bits([&](float* y) { isa->weighted_sum(kFloats, 2, weights, branches, y); });
    }
}
