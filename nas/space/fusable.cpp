#include "nas/space/fusable.h"

#include <stdexcept>

#include "nas/space/blocks.h"

namespace nascent::nas {

void add_branch(MixedEdgeOperands& edge, const Module& operation, const Tensor& source, std::int64_t weight,
                const Context& context) {
  MixedBranch branch{.kind = MixedBranch::Kind::skip};
  if (const auto* fusable = dynamic_cast<const Fusable*>(&operation)) {
    branch = fusable->branch();
  } else {
    if (edge.skip.defined())
      throw std::logic_error("an edge can have one operation that is not fused; run it with fuse = false");
    if (!source.defined())
      throw std::logic_error("an operation that is not fused must leave a cell's input; run it with fuse = false");
    const auto* projection = dynamic_cast<const Projection*>(&operation);
    edge.skip = projection ? project({&projection, 1}, {&source, 1}, context)[0] : operation.forward(source, context);
  }
  branch.weight = weight;
  edge.branches.push_back(std::move(branch));
}

void move_statistics(const Module& operation, std::span<const BatchStatistics>& batch, std::int64_t values,
                     const Context& context) {
  const auto* fusable = dynamic_cast<const Fusable*>(&operation);
  if (!fusable) return;
  fusable->move_statistics(batch.first(fusable->norms()), values, context);
  batch = batch.subspan(fusable->norms());
}

}  // namespace nascent::nas
