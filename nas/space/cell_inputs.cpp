#include "nas/space/cell_inputs.h"

#include <algorithm>
#include <utility>

#include "engine/ops/ops.h"

namespace nascent::nas {

CellInputs::CellInputs(const Scope& scope, const CellPlan& plan, bool affine) {
  const BlockOptions pre0{.in = plan.before_previous, .out = plan.channels, .affine = affine};
  pre0_ = plan.after_reduction ? make_factorized_reduce(scope / "pre0", pre0) : make_relu_conv_bn(scope / "pre0", pre0);
  pre1_ = make_relu_conv_bn(scope / "pre1", {.in = plan.previous, .out = plan.channels, .affine = affine});
}

InputFeed::InputFeed(std::vector<const CellInputs*> cells, const Context& context, Options options)
    : cells_(std::move(cells)),
      states_(cells_.size()),
      context_(context),
      fuse_(options.fuse && context.phase == Phase::train) {}

InputFeed::States InputFeed::next(std::span<const Tensor> parts) {
  const std::size_t cell = next_++;
  std::vector<Reader> readers;
  if (cell == 0) readers.push_back({&cells_[0]->before_previous(), &states_[0].s0});
  readers.push_back({&cells_[cell]->previous(), &states_[cell].s1});
  if (cell + 1 < cells_.size()) readers.push_back({&cells_[cell + 1]->before_previous(), &states_[cell + 1].s0});
  if (fuse_) {
    project_together(std::move(readers), parts);
  } else {
    const Tensor whole = concat(parts);
    for (const auto& [projection, state] : readers) *state = projection->forward(whole, context_);
  }
  return std::exchange(states_[cell], {});
}

// Readers of one stride share an op.
void InputFeed::project_together(std::vector<Reader> readers, std::span<const Tensor> parts) const {
  for (auto begin = readers.begin(); begin != readers.end();) {
    const auto end = std::stable_partition(
        begin, readers.end(),
        [stride = begin->projection->stride()](const Reader& r) { return r.projection->stride() == stride; });
    std::vector<const Projection*> heads;
    std::transform(begin, end, std::back_inserter(heads), [](const Reader& r) { return r.projection; });
    for (const Tensor& y : project(heads, parts, context_)) *begin++->state = y;
  }
}

}  // namespace nascent::nas
