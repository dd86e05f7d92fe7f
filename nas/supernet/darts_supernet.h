#pragma once
// The supernet of DARTS (quark0/darts: cnn/model_search.py): stem, cells of 14 mixed edges, global pooling, classifier.
// Parameters: stem.{0,1}, cells.I.pre{0,1}, cells.I.edges.K.ops.O, head; alphas alpha.0 (normal) and alpha.1 (reduce).
#include "nas/supernet/supernet.h"

namespace nascent::nas {

class DartsSupernet final : public Supernet {
 public:
  explicit DartsSupernet(const SupernetOptions& options);
  ~DartsSupernet() override;
  Tensor forward(const Tensor& images, const Context& context) const override;
  std::vector<AlphaMatrix> alpha_matrices() const override;

 private:
  struct Cell;
  std::unique_ptr<Module> stem_, head_;
  std::vector<Cell> cells_;
  bool fuse_;
  std::int64_t recomputed_cells_;
};

}  // namespace nascent::nas
