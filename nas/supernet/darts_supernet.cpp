#include "nas/supernet/darts_supernet.h"

#include "engine/ops/ops.h"
#include "nas/space/cell_inputs.h"
#include "nas/space/heads.h"
#include "nas/space/operations.h"
#include "nas/space/skeleton.h"
#include "nas/supernet/mixed_edge.h"

namespace nascent::nas {

struct DartsSupernet::Cell {
  Cell(const Scope& scope, const CellPlan& plan, const Space& space)
      : inputs(scope, plan, /*affine=*/false), reduction(plan.reduction) {
    for (std::size_t k = 0; k < space.edges.size(); ++k) {
      // A reduction cell halves the image where an edge leaves one of the cell's inputs.
      const bool strided = is_strided(space, k);
      std::vector<std::unique_ptr<Module>> operations;
      for (std::size_t o = 0; o < space.operations.size(); ++o)
        operations.push_back(make_darts_operation(
            space.operations[o], scope / "edges" / static_cast<std::int64_t>(k) / "ops" / static_cast<std::int64_t>(o),
            {.channels = plan.channels, .stride = strided ? 2 : 1, .supernet = true}));
      edges.emplace_back(std::move(operations));
    }
  }

  Tensor forward(const InputFeed::States& in, const std::vector<Tensor>& weights, const Space& space,
                 const Context& context) const {
    std::vector<Tensor> states = {in.s0, in.s1};
    for (std::size_t k = 0; k < edges.size(); ++k) {
      const Edge& edge = space.edges[k];
      const Tensor mixed = edges[k].forward(states[edge.source], weights[k], context);
      if (edge.target == static_cast<int>(states.size()))
        states.push_back(mixed);
      else
        states[edge.target] = add(states[edge.target], mixed);
    }
    return concat(std::span(states).subspan(space.inputs));
  }

  // The same, all edges in one op. Returns its nodes: nobody needs them side by side.
  std::vector<Tensor> forward_fused(const InputFeed::States& in, const std::vector<Tensor>& weights, const Space& space,
                                    Recompute recompute, const Context& context) const {
    const Tensor states[] = {in.s0, in.s1};
    std::vector<MixedEdgeOperands> operands;
    for (std::size_t k = 0; k < edges.size(); ++k) {
      const Edge& edge = space.edges[k];
      operands.push_back(edges[k].operands(edge, states, weights[k], is_strided(space, k) ? 2 : 1, context));
    }
    const MixedCell cell = mixed_cell(states, operands, {.recompute = recompute});
    std::span<const BatchStatistics> statistics = cell.statistics;
    for (std::size_t k = 0; k < edges.size(); ++k) edges[k].move_statistics(statistics, cell.nodes[0].rows(), context);
    return cell.nodes;
  }

  bool is_strided(const Space& space, std::size_t edge) const {
    return reduction && space.edges[edge].source < space.inputs;
  }

  CellInputs inputs;
  std::vector<MixedEdge> edges;
  bool reduction;
};

namespace {

// The softmax of every row, one tensor [operations] an edge.
std::vector<Tensor> edge_weights(const Tensor& alpha) {
  const Tensor rows = nascent::softmax(alpha);
  const std::int64_t operations = alpha.shape()[1];
  std::vector<Tensor> out;
  for (std::int64_t k = 0; k < alpha.shape()[0]; ++k)
    out.push_back(reshape(slice(rows, {.axis = 0, .begin = k, .end = k + 1}), {operations}));
  return out;
}

AlphaMatrix to_matrix(const Tensor& alpha) {
  const std::int64_t operations = alpha.columns();
  AlphaMatrix matrix(alpha.rows(), std::vector<double>(operations));
  for (std::int64_t i = 0; i < alpha.elements(); ++i) matrix[i / operations][i % operations] = alpha.at(i);
  return matrix;
}

}  // namespace

DartsSupernet::DartsSupernet(const SupernetOptions& options)
    : Supernet(darts_space(), options), fuse_(options.fuse), recomputed_cells_(options.recomputed_cells) {
  const std::int64_t stem_channels = 3 * options.channels;
  const Scope root = store().root();
  stem_ = make_stem(root / "stem", {.in = options.image.channels, .out = stem_channels});
  const std::vector<CellPlan> plan =
      plan_cells({.channels = options.channels, .layers = options.layers, .stem_channels = stem_channels});
  for (std::size_t i = 0; i < plan.size(); ++i)
    cells_.emplace_back(root / "cells" / static_cast<std::int64_t>(i), plan[i], space());
  head_ = make_classifier(root / "head", {.in = output_channels(plan), .classes = options.classes});
  const Shape shape{static_cast<std::int64_t>(space().edges.size()),
                    static_cast<std::int64_t>(space().operations.size())};
  for (std::size_t c = 0; c < space().cells.size(); ++c) add_alpha("alpha." + std::to_string(c), shape);
}

DartsSupernet::~DartsSupernet() = default;

Tensor DartsSupernet::forward(const Tensor& images, const Context& context) const {
  const std::vector<Tensor> weights[] = {edge_weights(named_alphas()[0].value), edge_weights(named_alphas()[1].value)};
  const bool fuse = fuse_ && context.phase == Phase::train;
  std::vector<const CellInputs*> inputs;
  for (const Cell& cell : cells_) inputs.push_back(&cell.inputs);
  InputFeed feed(std::move(inputs), context, {.fuse = fuse});
  std::vector<Tensor> output = {stem_->forward(images, context)};
  // Before the first reduction cell tensors are largest but arithmetic is not: computing first blocks again there saves
  // a seventh of the memory for 4 % of the time.
  Recompute usual = Recompute::first_blocks;
  std::int64_t left = recomputed_cells_;
  for (const Cell& cell : cells_) {
    const InputFeed::States in = feed.next(output);
    const std::vector<Tensor>& own = weights[cell.reduction];
    if (cell.reduction) usual = Recompute::nothing;
    output = fuse ? cell.forward_fused(in, own, space(), left-- > 0 ? Recompute::branches : usual, context)
                  : std::vector{cell.forward(in, own, space(), context)};
  }
  return head_->forward(concat(output), context);
}

std::vector<AlphaMatrix> DartsSupernet::alpha_matrices() const {
  return {to_matrix(named_alphas()[0].value), to_matrix(named_alphas()[1].value)};
}

}  // namespace nascent::nas
