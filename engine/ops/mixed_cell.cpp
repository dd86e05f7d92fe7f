#include "engine/ops/mixed_cell.h"

#include <algorithm>
#include <utility>

#include "engine/ops/backward_in_ops.h"
#include "engine/ops/fused_cell.h"
#include "engine/ops/mixed_cell_checks.h"
#include "kernels/dispatch.h"

namespace nascent {
namespace {

const Op kMixedCell{"mixed_cell",
                    "with S2 = sum(dy*xhat) of a branch:  dweight = sum over channels of S2;"
                    "  dz = weight * rstd * (dy - mean(dy) - xhat*S2/m), then through its blocks"};

std::int64_t macs(const fused::Cell& cell) {
  std::int64_t sum = 0;
  for (std::size_t e = 0; e < cell.edges.size(); ++e)
    for (const MixedBranch& branch : cell.edges[e].branches)
      for (const SeparableBlock& block : branch.blocks)
        sum += mixed_edge_output(cell.source(e).shape(), cell.edges[e]).elements() *
               (block.depthwise.shape()[0] * block.depthwise.shape()[1] + cell.source(e).shape()[3]);
  return sum;
}

// Fan by fan, each node as its edges' turn comes.
void run_forward(fused::Cell& cell, const std::vector<Shape>& shapes, Recompute recompute) {
  cell.states.resize(shapes.size());
  for (const fused::Fan& fan : fused::fans(cell.edges)) {
    fused::run_first_blocks(cell, fan, cell.raw);
    fused::run_second_blocks(cell, fan.edges, cell.raw);
    fused::mix(cell, fan, shapes);
    for (const std::size_t e : fan.edges) fused::forget(recompute, cell.raw[e]);
  }
}

}  // namespace

MixedCell mixed_cell(std::span<const Tensor> inputs, std::span<const MixedEdgeOperands> edges, MixedCellOptions options,
                     Where where) {
  const std::vector<Shape> shapes = expect_mixed_cell(inputs, edges, where);
  if (inputs[0].dtype() != DType::f32 || !kernels::kernel_table().fused_edge)
    return mixed_cell_in_ops(inputs, edges, options, where);
  const auto cell = std::make_shared<fused::Cell>();
  cell->edges.assign(edges.begin(), edges.end());
  cell->states.assign(inputs.begin(), inputs.end());
  cell->inputs = inputs.size(), cell->epsilon = options.epsilon;
  for (const MixedEdgeOperands& edge : edges) cell->raw.push_back(fused::raw_edge(edge));
  run_forward(*cell, shapes, options.recompute);

  MixedCell result;
  result.nodes.assign(cell->states.begin() + static_cast<std::ptrdiff_t>(inputs.size()), cell->states.end());
  const std::vector<Tensor> all = fused::operands(*cell);
  std::vector<Tensor> save = result.nodes;
  std::copy_if(all.begin(), all.end(), std::back_inserter(save), [](const Tensor& t) { return t.defined(); });
  const int checked = static_cast<int>(save.size());
  for (fused::RawEdge& edge : cell->raw)
    for (fused::RawBranch& branch : edge)
      for (fused::Raw& r : branch) {
        if (r.norm) result.statistics.push_back({r.norm->mean, r.norm->variance});
        if (!r.z.defined()) continue;
        r.saved = static_cast<int>(save.size());
        save.push_back(std::exchange(r.z, {}));
      }
  const Rule rule = [cell, options, checked, where](Vjp& v) {
    for (int i = 0; i < checked; ++i) v.saved(i);  // refuses one that was written to since
    if (!v.recording()) return fused::backward(v, *cell);
    const auto plain = [&] {
      return mixed_cell_in_ops(std::span(cell->states).first(cell->inputs), cell->edges, options, where).nodes;
    };
    backward_in_ops(v, fused::operands(*cell), plain, where);
  };
  const std::int64_t work = macs(*cell);
  result.nodes = record(kMixedCell, all, std::move(result.nodes), {std::move(save), rule, work}, where);
  return result;
}

}  // namespace nascent
