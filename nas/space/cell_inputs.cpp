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

void InputFeed::give(std::span<const Tensor> parts) {
  const std::size_t next = given_++;
  std::vector<Reader> readers;
  if (next == 0) readers.push_back({&cells_[0]->before_previous(), &states_[0].s0});
  if (next < cells_.size()) readers.push_back({&cells_[next]->previous(), &states_[next].s1});
  if (next + 1 < cells_.size()) readers.push_back({&cells_[next + 1]->before_previous(), &states_[next + 1].s0});
  if (fuse_) return project_fused(std::move(readers), parts);
  if (readers.empty()) return;
  const Tensor whole = concat(parts);
  for (const auto& [projection, state] : readers) *state = projection->forward(whole, context_);
}

// Readers of one stride share an op.
void InputFeed::project_fused(std::vector<Reader> readers, std::span<const Tensor> parts) const {
  for (auto begin = readers.begin(); begin != readers.end();) {
    const auto end = std::stable_partition(
        begin, readers.end(),
        [stride = begin->projection->stride()](const Reader& r) { return r.projection->stride() == stride; });
    std::vector<const Projection*> heads;
    std::transform(begin, end, std::back_inserter(heads), [](const Reader& r) { return r.projection; });
    for (const Tensor& y : project(heads, parts, context_)) *begin++->state = y;
  }
}

InputFeed::States InputFeed::take() { return std::exchange(states_[taken_++], {}); }

}  // namespace nascent::nas
