// What the op table does not say about the mixed node: keeping less for the way back changes no bit.
#include "engine/ops/mixed_node.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/autograd/tape.h"
#include "engine/tensor/random.h"

using namespace nascent;

namespace {

Tensor normals(const Shape& shape, const char* purpose) {
  const Random random(5, purpose);
  Tensor t = Tensor::empty(shape);
  for (std::int64_t i = 0; i < t.elements(); ++i) t.mutable_data<float>()[i] = static_cast<float>(random.normal(i));
  return t;
}

bool same(const Tensor& a, const Tensor& b) {
  return std::equal(a.data<float>(), a.data<float>() + a.elements(), b.data<float>());
}

}  // namespace

TEST_CASE("raw outputs computed again are the same bits, and not held until then") {
  using Kind = MixedBranch::Kind;
  const Shape shape{3, 9, 8, 5};
  const Tensor x = normals(shape, "x"), dy = normals(shape, "dy"), weights = normals({5}, "weights");
  MixedEdgeOperands edge{.x = x, .weights = weights};
  for (const Kind kind : {Kind::max_pool, Kind::avg_pool, Kind::skip})
    edge.branches.push_back({.kind = kind, .weight = static_cast<std::int64_t>(edge.branches.size())});
  std::vector<Tensor> watched = {x, weights};
  for (const std::vector<const char*>& blocks : {std::vector<const char*>{"a", "b"}, {"c"}}) {
    MixedBranch& branch = edge.branches.emplace_back();
    branch.kind = Kind::separable, branch.weight = static_cast<std::int64_t>(edge.branches.size()) - 1;
    for (const char* name : blocks) {
      branch.blocks.push_back({normals({3, 3, 5}, name), normals({1, 1, 5, 5}, name)});
      watched.insert(watched.end(), {branch.blocks.back().depthwise, branch.blocks.back().pointwise});
    }
  }
  struct Outcome {
    Tensor y;
    std::vector<Tensor> gradients;
    std::size_t held;
  };
  const auto run = [&](Recompute recompute) {
    Tape tape;
    tape.watch(watched);
    Outcome outcome{
        .y = mixed_node({&edge, 1}, {.recompute = recompute}).y, .gradients = {}, .held = tape.saved_bytes()};
    const Gradients gradients = tape.backward(outcome.y, {.seed = dy});
    for (const Tensor& t : watched) outcome.gradients.push_back(gradients[t]);
    return outcome;
  };
  const Outcome most = run(Recompute::nothing);
  const std::size_t raw_outputs = 3;  // of three blocks; the pools' are never kept
  for (const auto& [recompute, kept] : {std::pair{Recompute::first_blocks, 2u}, {Recompute::branches, 0u}}) {
    const Outcome less = run(recompute);
    CHECK(less.held == most.held - (raw_outputs - kept) * x.bytes());
    CHECK(same(less.y, most.y));
    for (std::size_t i = 0; i < watched.size(); ++i) {
      INFO("gradient " << i);
      CHECK(same(less.gradients[i], most.gradients[i]));
    }
  }
}
