#pragma once
// The supernet of the course demo: stem, cells that compute x = x + edge(x) for each of their mixed edges, global
// pooling, classifier. Parameters: stem.{0,1}, cells.I.edges.K.ops.O, fc; one alpha vector an edge,
// cells.I.edges.K.alpha.
#include "nas/supernet/mixed_edge.h"
#include "nas/supernet/supernet.h"

namespace nascent::nas {

class LectureSupernet final : public Supernet {
 public:
  // A chain_space; it says how many cells there are, options.layers is not used.
  LectureSupernet(const Space& space, const SupernetOptions& options);
  Tensor forward(const Tensor& images, const Context& context) const override;
  std::vector<AlphaMatrix> alpha_matrices() const override;

 private:
  struct Edge {
    MixedEdge mixed;
    Tensor alpha;
  };
  std::unique_ptr<Module> stem_, head_;
  std::vector<std::vector<Edge>> cells_;
};

}  // namespace nascent::nas
