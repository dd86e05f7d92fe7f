#include "engine/ops/fused_cell.h"

#include <algorithm>

#include "engine/ops/reciprocal_deviation.h"
#include "kernels/edge_branches.h"
#include "kernels/edge_mix.h"

namespace nascent::fused {
namespace {

static_assert(kernels::kMaxMixes >= kernels::kMaxEdgesTogether &&
              kernels::kMaxMixTerms >= kernels::kMaxBranchesTogether);

using Kind = MixedBranch::Kind;

bool is_pool(const MixedBranch& branch) { return branch.kind == Kind::max_pool || branch.kind == Kind::avg_pool; }

// Of a block z, of what has a norm its statistics.
bool lacks_something(const MixedBranch& branch, const Raw& raw) {
  return is_pool(branch) ? branch.pool_norm && !raw.norm : !raw.z.defined();
}

// The blocks and pools that read one tensor, and what they leave.
struct Readers {
  kernels::EdgeInput in;
  std::vector<kernels::EdgeBranch> branches = {};
  std::vector<Raw*> raw = {};
  void add(const MixedBranch& branch, std::size_t block, Raw& leaves) {
    branches.push_back(kernel_branch(branch, block));
    raw.push_back(&leaves);
  }
};

// One kernel call over all of them.
void run(std::vector<Readers>& all, double epsilon) {
  struct Statistics {
    Raw* of;
    Tensor mean, variance;
  };
  std::vector<Statistics> statistics;
  std::vector<kernels::EdgeGroup> groups;
  for (auto& [in, branches, raw] : all) {
    for (std::size_t b = 0; b < branches.size(); ++b) {
      if (branches[b].kind == kernels::EdgeBranchKind::separable) {
        raw[b]->z = Tensor::empty({in.batch, in.out_height(), in.out_width(), in.channels});
        branches[b].z = raw[b]->z.mutable_data<float>();
      }
      if (raw[b]->norm) continue;  // only z is missing
      auto& [of, mean, variance] =
          statistics.emplace_back(raw[b], Tensor::empty({in.channels}), Tensor::empty({in.channels}));
      branches[b].mean = mean.mutable_data<float>();
      branches[b].variance = variance.mutable_data<float>();
    }
    if (!branches.empty()) groups.push_back({in, static_cast<int>(branches.size()), branches.data()});
  }
  each_groups(groups.size(), [&](std::size_t first, int count) {
    Tensor scratch = Tensor::scratch(kernels::edge_branches_scratch(count, &groups[first]));
    kernels::edge_branches_forward(count, &groups[first], scratch.mutable_data<float>());
  });
  for (const auto& [of, mean, variance] : statistics)
    of->norm = std::make_shared<Norm>(mean, variance, of->gamma, of->beta, epsilon);
}

}  // namespace

kernels::EdgeBranch kernel_branch(const MixedBranch& branch, std::size_t block) {
  if (branch.kind == Kind::max_pool) return {.kind = kernels::EdgeBranchKind::max_pool};
  if (branch.kind == Kind::avg_pool) return {.kind = kernels::EdgeBranchKind::avg_pool};
  const SeparableBlock& s = branch.blocks[block];
  return {.kernel = s.depthwise.shape()[0],
          .dilation = s.dilation,
          .depthwise = s.depthwise.data<float>(),
          .pointwise = s.pointwise.data<float>()};
}

kernels::EdgeInput kernel_input(const Tensor& x, std::int64_t stride) {
  return {x.shape()[0], x.shape()[1], x.shape()[2], x.shape()[3], stride, x.data<float>()};
}

kernels::EdgeInput normed_input(const Raw& raw) {
  kernels::EdgeInput in = kernel_input(raw.z, 1);
  in.scale = raw.norm->scales(), in.shift = raw.norm->shifts();
  return in;
}

Norm::Norm(Tensor mean_of_z, Tensor variance_of_z, const Tensor& gamma, const Tensor& beta, double epsilon)
    : mean(std::move(mean_of_z)),
      variance(std::move(variance_of_z)),
      channels(static_cast<std::size_t>(mean.elements())),
      for_kernel(2 * channels.size()) {
  const Tensor deviation = reciprocal_deviation(variance, epsilon);
  const float *mu = mean.data<float>(), *rstd = deviation.data<float>();
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const auto at = static_cast<std::int64_t>(c);
    const double scale = rstd[c] * (gamma.defined() ? gamma.at(at) : 1);
    const double shift = (beta.defined() ? beta.at(at) : 0) - mu[c] * scale;
    channels[c] = {mu[c], rstd[c], scale, shift};
    for_kernel[c] = static_cast<float>(scale), for_kernel[channels.size() + c] = static_cast<float>(shift);
  }
}

RawEdge raw_edge(const MixedEdgeOperands& edge) {
  RawEdge raw(edge.branches.size());
  for (std::size_t b = 0; b < raw.size(); ++b) {
    const MixedBranch& branch = edge.branches[b];
    for (const SeparableBlock& block : branch.blocks) raw[b].push_back({.gamma = block.gamma, .beta = block.beta});
    if (is_pool(branch)) raw[b].emplace_back();
  }
  return raw;
}

std::vector<Fan> fans(std::span<const MixedEdgeOperands> edges) {
  std::vector<Fan> all;
  for (std::size_t e = 0; e < edges.size(); ++e) {
    const auto same = std::find_if(all.begin(), all.end(), [&](const Fan& f) {
      return f.source == edges[e].source && f.stride == edges[e].stride &&
             f.edges.size() < static_cast<std::size_t>(kernels::kMaxEdgesTogether);
    });
    if (same == all.end())
      all.push_back({edges[e].source, edges[e].stride, {e}});
    else
      same->edges.push_back(e);
  }
  std::stable_sort(all.begin(), all.end(), [](const Fan& a, const Fan& b) { return a.source < b.source; });
  return all;
}

void run_first_blocks(const Cell& cell, const Fan& fan, std::vector<RawEdge>& raw) {
  std::vector<Readers> first{{kernel_input(cell.states[static_cast<std::size_t>(fan.source)], fan.stride)}};
  struct Pool {
    const MixedBranch& branch;
    const Raw& raw;
  };
  std::vector<Pool> pools;  // one of a kind, for all take the same
  for (const std::size_t e : fan.edges)
    for (std::size_t b = 0; b < raw[e].size(); ++b) {
      const MixedBranch& branch = cell.edges[e].branches[b];
      if (raw[e][b].empty() || !lacks_something(branch, raw[e][b][0])) continue;
      if (is_pool(branch)) {
        if (std::any_of(pools.begin(), pools.end(), [&](const Pool& p) { return p.branch.kind == branch.kind; }))
          continue;
        pools.push_back({branch, raw[e][b][0]});
      }
      first[0].add(branch, 0, raw[e][b][0]);
    }
  run(first, cell.epsilon);
  for (const std::size_t e : fan.edges)
    for (std::size_t b = 0; b < raw[e].size(); ++b) {
      const MixedBranch& branch = cell.edges[e].branches[b];
      for (const Pool& pool : pools)
        if (pool.branch.kind == branch.kind && branch.pool_norm) raw[e][b][0] = pool.raw;
    }
}

void run_second_blocks(const Cell& cell, std::span<const std::size_t> edges, std::vector<RawEdge>& raw) {
  std::size_t deepest = 0;
  for (const std::size_t e : edges)
    for (const RawBranch& branch : raw[e]) deepest = std::max(deepest, branch.size());
  for (std::size_t k = 1; k < deepest; ++k) {
    std::vector<Readers> blocks;
    for (const std::size_t e : edges)
      for (std::size_t b = 0; b < raw[e].size(); ++b) {
        RawBranch& branch = raw[e][b];
        if (k >= branch.size() || branch[k].z.defined()) continue;
        Readers& block = blocks.emplace_back(Readers{normed_input(branch[k - 1])});
        block.add(cell.edges[e].branches[b], k, branch[k]);
      }
    run(blocks, cell.epsilon);
  }
}

void forget(Recompute what, RawEdge& raw) {
  for (RawBranch& branch : raw)
    for (std::size_t k = 0; k < branch.size(); ++k)
      if (what == Recompute::branches || (what == Recompute::first_blocks && k + 1 < branch.size())) branch[k].z = {};
}

std::vector<MixTermOf> mix_terms(const MixedEdgeOperands& edge, const Tensor& source, const RawEdge& raw) {
  std::vector<MixTermOf> terms;
  for (std::size_t b = 0; b < raw.size(); ++b) {
    const double weight = edge.weights.defined() ? edge.weights.at(edge.branches[b].weight) : 1;
    if (edge.branches[b].kind == Kind::skip)
      terms.push_back({weight, nullptr, edge.skip.defined() ? edge.skip : source});
    else if (edge.branches[b].kind == Kind::max_pool)
      terms.push_back({weight, &raw[b].back(), source, kernels::MixSource::max_pool});
    else if (edge.branches[b].kind == Kind::avg_pool)
      terms.push_back({weight, &raw[b].back(), source, kernels::MixSource::avg_pool});
    else
      terms.push_back({weight, &raw[b].back(), raw[b].back().z});
  }
  return terms;
}

kernels::MixShape mix_shape(const Tensor& source, std::int64_t stride, const Tensor& y) {
  const Shape &in = source.shape(), &out = y.shape();
  return {.batch = out[0],
          .pixels = out[1] * out[2],
          .channels = out[3],
          .pool = {.height = in[1], .width = in[2], .channels = in[3], .kernel = 3, .stride = stride, .padding = 1}};
}

void mix(Cell& cell, const Fan& fan, const std::vector<Shape>& shapes) {
  const Tensor& source = cell.states[static_cast<std::size_t>(fan.source)];
  const auto channels = static_cast<std::size_t>(source.shape()[3]);
  struct Arrays {
    std::vector<float> scales, shift;
    std::vector<kernels::MixTerm> terms;
  };
  std::vector<Arrays> arrays(fan.edges.size());
  std::vector<kernels::EdgeMix> mixes;
  kernels::MixShape s;
  for (std::size_t i = 0; i < fan.edges.size(); ++i) {
    const std::size_t e = fan.edges[i];
    const std::vector<MixTermOf> terms = mix_terms(cell.edges[e], source, cell.raw[e]);
    auto& [scales, shift, kernel_terms] = arrays[i];
    std::vector<double> shifts(channels);
    scales.reserve(terms.size() * shifts.size());
    for (const MixTermOf& term : terms) {
      kernel_terms.push_back({term.z.data<float>(), scales.data() + scales.size(), term.source});
      for (std::size_t c = 0; c < channels; ++c) {
        scales.push_back(static_cast<float>(term.weight * (term.raw ? term.raw->scale(c) : 1)));
        if (term.raw) shifts[c] += term.weight * term.raw->shift(c);
      }
    }
    shift.assign(shifts.begin(), shifts.end());
    const auto target = static_cast<std::size_t>(cell.edges[e].target);
    Tensor& y = cell.states[target];
    const bool add = y.defined();
    if (!add) y = Tensor::empty(shapes[target]);
    s = mix_shape(source, fan.stride, y);
    mixes.push_back({static_cast<int>(terms.size()), kernel_terms.data(), shift.data(), add, y.mutable_data<float>()});
  }
  const int count = static_cast<int>(mixes.size());
  Tensor scratch = Tensor::scratch(kernels::edge_mix_scratch(s, count, mixes.data()));
  kernels::edge_mix(s, count, mixes.data(), scratch.mutable_data<float>());
}

std::vector<Tensor> operands(const Cell& cell) {
  std::vector<Tensor> all(cell.states.begin(), cell.states.begin() + static_cast<std::ptrdiff_t>(cell.inputs));
  for (const MixedEdgeOperands& edge : cell.edges) {
    all.insert(all.end(), {edge.skip, edge.weights});
    for (const MixedBranch& branch : edge.branches)
      for (const SeparableBlock& b : branch.blocks) all.insert(all.end(), {b.depthwise, b.pointwise, b.gamma, b.beta});
  }
  return all;
}

}  // namespace nascent::fused
