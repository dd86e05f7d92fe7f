#pragma once
// The network a genotype describes, to be trained from scratch (quark0/darts: cnn/model.py, NetworkCIFAR): stem, cells
// whose nodes are the sum of two operations each, global pooling, classifier; in training an auxiliary classifier at
// two thirds of the depth and drop path on every operation but the identity.
// Parameters: stem.{0,1}, cells.I.pre{0,1}, cells.I.ops.K, auxiliary, head.
#include <memory>
#include <vector>

#include "nas/genotype/genotype.h"
#include "nas/network/network.h"
#include "nas/network/network_size.h"

namespace nascent::nas {

struct NetworkOptions {
  NetworkSize size = {.channels = 36, .layers = 20};
  bool auxiliary = false;
  DType dtype = DType::f32;
  std::uint64_t seed = 0;
};

class DerivedNetwork final : public Network {
 public:
  DerivedNetwork(const Genotype& genotype, const NetworkOptions& options);
  ~DerivedNetwork() override;

  Logits logits(const Tensor& images, const Context& context) const override;
  // The field's convention: without the auxiliary head, which is only there in training.
  std::int64_t parameter_count() const;

 private:
  class Cell;
  std::unique_ptr<Module> stem_, auxiliary_, head_;
  std::vector<Cell> cells_;
  std::int64_t auxiliary_cell_ = -1;
};

}  // namespace nascent::nas
