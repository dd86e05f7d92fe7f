#pragma once
// The network a chain architecture describes (the course demo's "discovered network"): stem, x = x + operation(x) for
// every edge of every cell, global pooling, classifier. Parameters: stem.{0,1}, cells.I.ops.K, fc.
#include <memory>
#include <vector>

#include "nas/genotype/chain.h"
#include "nas/network/network.h"
#include "nas/network/network_size.h"

namespace nascent::nas {

struct ChainNetworkOptions {
  NetworkSize size = {};  // layers: not used, the architecture says how many cells there are
  DType dtype = DType::f32;
  std::uint64_t seed = 0;
};

class ChainNetwork final : public Network {
 public:
  ChainNetwork(const ChainArchitecture& architecture, const ChainNetworkOptions& options);
  Logits logits(const Tensor& images, const Context& context) const override;

 private:
  std::unique_ptr<Module> stem_, head_;
  std::vector<std::unique_ptr<Module>> operations_;
};

}  // namespace nascent::nas
