// What the op table does not say about the mixed cell: keeping less for the way back changes no bit.
#include "engine/ops/mixed_cell.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/autograd/tape.h"
#include "engine/tensor/buffer_pool.h"
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
  MixedEdgeOperands edge{.weights = weights};
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
    Outcome outcome{.y = mixed_cell({&x, 1}, {&edge, 1}, {.recompute = recompute}).nodes[0],
                    .gradients = {},
                    .held = tape.saved_bytes()};
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

TEST_CASE("what nobody reads of a cell sends nothing back") {
  const Shape shape{2, 5, 4, 3};
  const Tensor x = normals(shape, "x"), used = normals({2}, "used"), unused = normals({2}, "unused");
  std::vector<MixedEdgeOperands> edges(2);
  for (std::size_t e = 0; e < 2; ++e) {
    edges[e].target = static_cast<int>(1 + e);
    edges[e].weights = e == 0 ? used : unused;
    edges[e].branches = {{.kind = MixedBranch::Kind::skip}, {.kind = MixedBranch::Kind::max_pool, .weight = 1}};
  }
  const auto gradients = [&](std::span<const MixedEdgeOperands> some) {
    Tape tape;
    tape.watch(std::vector{x, used, unused});
    const Tensor node = mixed_cell({&x, 1}, some).nodes[0];
    const Gradients g = tape.backward(node, {.seed = normals(shape, "dy")});
    return std::vector{g[x], g[used], g[unused]};
  };
  const std::vector<Tensor> both = gradients(edges), alone = gradients(std::span(edges).first(1));
  for (std::size_t i = 0; i < both.size(); ++i) CHECK(same(both[i], alone[i]));
}

TEST_CASE("where only its alphas' gradient is wanted, a cell computes no first block again") {
  const Shape shape{4, 16, 16, 16};
  const Tensor x = normals(shape, "x"), dy = normals(shape, "dy"), weights = normals({1}, "weights");
  MixedEdgeOperands edge{.weights = weights};
  edge.branches.push_back({.kind = MixedBranch::Kind::separable, .weight = 0});
  for (const char* name : {"a", "b"})
    edge.branches[0].blocks.push_back({normals({3, 3, 16}, name), normals({1, 1, 16, 16}, name)});
  struct Outcome {
    float gradient;
    std::size_t grown;
  };
  const auto run = [&](Recompute recompute, const Tensor& watched) {
    Tape tape;
    tape.watch(std::vector{weights, watched});
    const Tensor y = mixed_cell({&x, 1}, {&edge, 1}, {.recompute = recompute}).nodes[0];
    BufferPool& pool = BufferPool::instance();
    pool.reset_peak();
    const std::size_t before = pool.report().peak_bytes;
    const Gradients gradients = tape.backward(y, {.seed = dy});
    return Outcome{static_cast<float>(gradients[weights].at(0)), pool.report().peak_bytes - before};
  };
  const Outcome kept = run(Recompute::nothing, weights), alphas = run(Recompute::first_blocks, weights);
  CHECK(alphas.grown == kept.grown);
  CHECK(alphas.gradient == kept.gradient);
  const Outcome through = run(Recompute::first_blocks, x);
  CHECK(through.grown >= alphas.grown + x.bytes());
  CHECK(through.gradient == kept.gradient);
}
