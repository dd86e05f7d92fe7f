#include "nas/network/chain_network.h"

#include "engine/ops/ops.h"
#include "nas/space/heads.h"
#include "nas/space/operations.h"

namespace nascent::nas {

ChainNetwork::ChainNetwork(const ChainArchitecture& architecture, const ChainNetworkOptions& options)
    : Network(options.seed, options.dtype) {
  check_network_size(options.size);
  const Scope root = store().root();
  const std::int64_t channels = options.size.channels;
  stem_ = make_stem(root / "stem", {.in = options.size.image.channels, .out = channels, .relu = true});
  for (std::size_t c = 0; c < architecture.cells.size(); ++c)
    for (std::size_t k = 0; k < architecture.cells[c].size(); ++k)
      operations_.push_back(make_lecture_operation(
          architecture.cells[c][k].operation,
          root / "cells" / static_cast<std::int64_t>(c) / "ops" / static_cast<std::int64_t>(k), channels));
  head_ = make_classifier(root / "fc", {.in = channels, .classes = options.size.classes});
}

Network::Logits ChainNetwork::logits(const Tensor& images, const Context& context) const {
  Tensor x = stem_->forward(images, context);
  for (const auto& operation : operations_) x = x + operation->forward(x, context);
  return {head_->forward(x, context), {}};
}

}  // namespace nascent::nas
