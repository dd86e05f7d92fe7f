#include "bench/support/our_mix.h"

#include <list>

#include "bench/support/buffer.h"
#include "kernels/edge_mix.h"

namespace nascent::bench {
namespace {

// Edges that leave one state, with what they read and write; y is the gradient that comes back where sums are taken.
struct MixBuffers {
  explicit MixBuffers(const Mix& s)
      : shape{.batch = s.batch,
              .pixels = s.height * s.width,
              .channels = s.channels,
              .pool = {.height = s.height,
                       .width = s.width,
                       .channels = s.channels,
                       .kernel = 3,
                       .stride = 1,
                       .padding = 1}},
        state(s.elements()),
        scale(s.channels),
        shift(s.channels) {
    for (std::int64_t edge = 0; edge < s.edges; ++edge) {
      terms.push_back({{.z = state.data(), .scale = scale.data(), .source = kernels::MixSource::max_pool},
                       {.z = state.data(), .scale = scale.data(), .source = kernels::MixSource::avg_pool},
                       {.z = state.data(), .scale = scale.data()}});
      for (int branch = 0; branch < 4; ++branch)
        terms.back().push_back({.z = tensors.emplace_back(s.elements()).data(), .scale = scale.data()});
      const int count = static_cast<int>(terms.back().size());
      float* const y = tensors.emplace_back(s.elements()).data();
      mixes.push_back({.count = count, .terms = terms.back().data(), .shift = shift.data(), .y = y});
      sums.emplace_back(static_cast<std::size_t>((1 + count) * s.channels));
      to_sums.push_back({.count = count, .terms = terms.back().data(), .dy = y, .sums = sums.back().data()});
    }
  }
  int edges() const { return static_cast<int>(mixes.size()); }

  kernels::MixShape shape;
  Buffer state, scale, shift;
  std::list<Buffer> tensors;
  std::list<std::vector<kernels::MixTerm>> terms;
  std::list<std::vector<double>> sums;
  std::vector<kernels::EdgeMix> mixes;
  std::vector<kernels::EdgeMixSums> to_sums;
};

}  // namespace

std::function<void()> prepare_mix(const Mix& mix, Face face) {
  const auto b = std::make_shared<MixBuffers>(mix);
  if (face == Face::forward) {
    const auto scratch = std::make_shared<Buffer>(kernels::edge_mix_scratch(b->shape, b->edges(), b->mixes.data()));
    return [=] { kernels::edge_mix(b->shape, b->edges(), b->mixes.data(), scratch->data()); };
  }
  const auto scratch =
      std::make_shared<Buffer>(kernels::edge_mix_sums_scratch(b->shape, b->edges(), b->to_sums.data()));
  return [=] { kernels::edge_mix_sums(b->shape, b->edges(), b->to_sums.data(), scratch->data()); };
}

}  // namespace nascent::bench
