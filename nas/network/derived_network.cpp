#include "nas/network/derived_network.h"

#include <span>

#include "engine/ops/ops.h"
#include "nas/network/auxiliary_head.h"
#include "nas/space/cell_inputs.h"
#include "nas/space/fusable.h"
#include "nas/space/heads.h"
#include "nas/space/operations.h"
#include "nas/space/skeleton.h"

namespace nascent::nas {

class DerivedNetwork::Cell {
 public:
  Cell(const Scope& scope, const CellPlan& plan, const std::vector<Gene>& genes, const std::vector<int>& concat)
      : inputs_(scope, plan, /*affine=*/true), concat_(concat) {
    for (std::size_t k = 0; k < genes.size(); ++k) {
      const std::int64_t stride = plan.reduction && genes[k].from < 2 ? 2 : 1;
      // The identity is the one operation drop path leaves alone; a strided skip has weights and is dropped.
      const bool droppable = genes[k].operation != "skip_connect" || stride == 2;
      operations_.push_back({make_darts_operation(genes[k].operation, scope / "ops" / static_cast<std::int64_t>(k),
                                                  {.channels = plan.channels, .stride = stride}),
                             genes[k].from, stride, droppable});
    }
  }

  const CellInputs& inputs() const { return inputs_; }

  // The output is in parts: the nodes that lie side by side along the channels.
  std::vector<Tensor> forward(const InputFeed::States& in, const Context& context, std::uint64_t cell) const {
    std::vector<Tensor> states = {in.s0, in.s1};
    if (context.phase == Phase::train && context.drop_path <= 0) {
      const std::vector<Tensor> nodes = fused_nodes(states, context);
      states.insert(states.end(), nodes.begin(), nodes.end());
    } else {
      for (std::size_t k = 0; k + 1 < operations_.size(); k += 2)
        states.push_back(add(apply(k, states, context, cell), apply(k + 1, states, context, cell)));
    }
    std::vector<Tensor> out;
    for (int state : concat_) out.push_back(states[state]);
    return out;
  }

 private:
  struct Operation {
    std::unique_ptr<Module> module;
    int from;
    std::int64_t stride;
    bool droppable;
  };

  // All operations as one op.
  std::vector<Tensor> fused_nodes(const std::vector<Tensor>& inputs, const Context& context) const {
    std::vector<MixedEdgeOperands> edges;
    for (std::size_t k = 0; k < operations_.size(); ++k) {
      const Operation& operation = operations_[k];
      const auto source = static_cast<std::size_t>(operation.from);
      MixedEdgeOperands& edge = edges.emplace_back();
      edge.source = operation.from, edge.target = static_cast<int>(inputs.size() + k / 2);
      edge.stride = operation.stride;
      add_branch(edge, *operation.module, source < inputs.size() ? inputs[source] : Tensor{}, 0, context);
    }
    const MixedCell cell = mixed_cell(inputs, edges);
    std::span<const BatchStatistics> batch = cell.statistics;
    for (const Operation& operation : operations_)
      move_statistics(*operation.module, batch, cell.nodes[0].rows(), context);
    return cell.nodes;
  }

  Tensor apply(std::size_t k, const std::vector<Tensor>& states, const Context& context, std::uint64_t cell) const {
    const Operation& operation = operations_[k];
    const Tensor y = operation.module->forward(states[operation.from], context);
    if (context.phase != Phase::train || context.drop_path <= 0 || !operation.droppable) return y;
    return drop_path(y, context.drop_path, Random(context.seed, "drop path", {context.step, cell, k}));
  }

  CellInputs inputs_;
  std::vector<Operation> operations_;
  std::vector<int> concat_;
};

DerivedNetwork::DerivedNetwork(const Genotype& genotype, const NetworkOptions& options)
    : Network(options.seed, options.dtype) {
  const NetworkSize& size = options.size;
  check_network_size(size);
  const std::int64_t stem_channels = 3 * size.channels;
  const CellOutputs outputs{static_cast<std::int64_t>(genotype.normal_concat.size()),
                            static_cast<std::int64_t>(genotype.reduce_concat.size())};
  const Scope root = store().root();
  stem_ = make_stem(root / "stem", {.in = size.image.channels, .out = stem_channels});
  const std::vector<CellPlan> plan =
      plan_cells({.channels = size.channels, .layers = size.layers, .stem_channels = stem_channels}, outputs);
  std::int64_t height = size.image.height, width = size.image.width;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const bool reduction = plan[i].reduction;
    cells_.emplace_back(root / "cells" / static_cast<std::int64_t>(i), plan[i],
                        reduction ? genotype.reduce : genotype.normal,
                        reduction ? genotype.reduce_concat : genotype.normal_concat);
    if (reduction) {
      height = (height + 1) / 2;
      width = (width + 1) / 2;
    }
    if (options.auxiliary && static_cast<std::int64_t>(i) == 2 * size.layers / 3) {
      auxiliary_cell_ = static_cast<std::int64_t>(i);
      const std::int64_t channels = plan[i].channels * (reduction ? outputs.reduce : outputs.normal);
      auxiliary_ = make_auxiliary_head(
          root / "auxiliary", {.channels = channels, .height = height, .width = width, .classes = size.classes});
    }
  }
  head_ = make_classifier(root / "head", {.in = output_channels(plan, outputs), .classes = size.classes});
}

DerivedNetwork::~DerivedNetwork() = default;

Network::Logits DerivedNetwork::logits(const Tensor& images, const Context& context) const {
  Logits logits;
  std::vector<const CellInputs*> inputs;
  for (const Cell& cell : cells_) inputs.push_back(&cell.inputs());
  InputFeed feed(std::move(inputs), context, {});
  std::vector<Tensor> output = {stem_->forward(images, context)};
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    output = cells_[i].forward(feed.next(output), context, i);
    if (static_cast<std::int64_t>(i) == auxiliary_cell_ && context.phase == Phase::train)
      logits.auxiliary = auxiliary_->forward(concat(output), context);
  }
  logits.main = head_->forward(concat(output), context);
  return logits;
}

std::int64_t DerivedNetwork::parameter_count() const {
  std::int64_t count = 0;
  for (const Parameter& p : store().entries())
    if (p.kind == Parameter::Kind::weight && !p.name.starts_with("auxiliary.")) count += p.value.elements();
  return count;
}

}  // namespace nascent::nas
